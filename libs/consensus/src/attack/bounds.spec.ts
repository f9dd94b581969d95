import {
  createBatch,
  decodeFrame,
  decodePayload,
  encodeMessage,
  isRejection,
  OBSERVER,
  portableHash,
  wireLimits,
  type Digest,
  type Millis,
  type Sequence,
  type View,
  type NodeId,
} from '@concordat/protocol';
import type { Ledger } from '../ledger';
import type { Address, Effect } from '../replica';
import { Driver, envelopeOf, testCommittee, testLedger } from '../testing/driver';

const ZERO = '00'.repeat(32) as Digest;

/** Everything that one step of the driven member emits. */
function emitted(member: Driver, act: () => void): Effect[] {
  const found: Effect[] = [];
  const step = member.replica.step.bind(member.replica);
  member.replica.step = (event) => {
    const effects = step(event);
    found.push(...effects);
    return effects;
  };
  act();
  member.replica.step = step;
  return found;
}

const fetch = {
  kind: 'fetch',
  origin: 'node-1' as NodeId,
  view: 0 as View,
  sequence: 0 as Sequence,
  batches: [],
  viewChanges: [],
  envelopes: [],
  decided: undefined,
  snapshot: undefined,
} as const;

const status = (executed: number) =>
  ({
    kind: 'status',
    view: 0 as View,
    sequence: executed as Sequence,
    promisedView: 0 as View,
    stableSequence: 0 as Sequence,
    oldestSequence: 1 as Sequence,
    headDigest: ZERO,
    slots: [],
    waiting: [],
    viewChangesHeld: [],
    silent: [],
  }) as const;

describe('attack: bounds', () => {
  it('B1 one FETCH that names one batch 64 times is answered once', () => {
    const member = new Driver(1);
    member.prePrepare('A');
    const effects = emitted(member, () =>
      member.from(2, {
        kind: 'fetch',
        origin: 'node-1' as NodeId,
        view: 0 as View,
        sequence: 0 as Sequence,
        batches: Array.from({ length: 64 }, () => member.digest('A')),
        viewChanges: [],
        envelopes: [],
        decided: undefined,
        snapshot: undefined,
      }),
    );
    expect(effects.filter((effect) => effect.kind === 'send')).toHaveLength(1);
  });

  it('B2 FETCHes of one member are bounded in time', () => {
    const member = new Driver(1);
    member.prePrepare('A');
    const effects = emitted(member, () => {
      for (let i = 0; i < 100; i++)
        member.from(2, {
          kind: 'fetch',
          origin: 'node-1' as NodeId,
          view: 0 as View,
          sequence: 0 as Sequence,
          batches: [member.digest('A')],
          viewChanges: [],
          envelopes: [],
          decided: undefined,
          snapshot: undefined,
        });
    });
    expect(effects.filter((effect) => effect.kind === 'send').length).toBeLessThan(20);
  });

  it('B7 a member that asks for the same VIEW-CHANGEs over and over gets each of them now and then', () => {
    const member = new Driver(2);
    const prepared = Array.from({ length: 8 }, (_, i) => member.certificate('A', { sequence: i + 1 }));
    const asking = [1, 3].map((sender) => member.viewChange(sender, 1, prepared));
    for (const message of asking) member.receive(message);
    const sent = emitted(member, () => {
      for (let period = 0; period < 20; period++) {
        member.now += 50;
        for (let i = 0; i < 8; i++) member.from(0, { ...fetch, viewChanges: asking.map(({ digest }) => digest) });
      }
    }).filter((effect) => effect.kind === 'forward' && effect.message.kind === 'viewChange');
    expect(sent.length).toBeGreaterThan(0);
    // In a second; each may be as large as a broker carries.
    expect(sent.length).toBeLessThanOrEqual(4 * asking.length);
  });

  it('B8 what observers are supplied with counts for all of them together', () => {
    const member = new Driver(1);
    member.prePrepare('A').prepare(2, 'A').prepare(3, 'A');
    for (const sender of [0, 2, 3]) member.commit(sender, 'A');
    const stranger = member.sealAs(OBSERVER, {
      ...fetch,
      origin: 'me' as NodeId,
      decided: { from: 1 as Sequence, to: 1 as Sequence },
    });
    const effects = emitted(member, () => member.receive(stranger));
    expect(effects).toContainEqual({ kind: 'supply', to: 'me', from: 1, through: 1, isObserver: true });
  });

  it('B3 a member that repeats one STATUS does not get every proposal with its batch each time', () => {
    const member = new Driver(0, {
      committee: testCommittee(4, { checkpointInterval: 64, windowSize: 128 }),
      config: { pipelineDepth: 64, batchSize: 1 },
    });
    for (let i = 0; i < 64; i++) member.submit(envelopeOf(`c${String(i)}`));
    member.drained();
    let proposals = 0;
    for (let second = 0; second < 20; second++) {
      member.now += 50;
      proposals += emitted(member, () => member.from(2, status(0))).filter(
        (effect) => effect.kind === 'forward' && effect.message.kind === 'prePrepare',
      ).length;
    }
    expect(proposals).toBeLessThanOrEqual(2 * 64); // per second; one batch may have half a megabyte
  });

  it('B4 slots of a member that catches up without hearing CHECKPOINTs stay bounded', () => {
    const member = new Driver(3);
    for (let i = 1; i <= 400; i++) {
      const batch = createBatch(portableHash, 1000 as Millis, [envelopeOf(`c${String(i)}`)]);
      const certificate = {
        view: 0 as View,
        sequence: i as Sequence,
        digest: batch.digest,
        signatures: member.certificate('A').signatures,
      };
      member.from(1, { kind: 'decided', view: 0 as View, sequence: i as Sequence, batch, certificate });
    }
    expect(member.replica.state().executed).toBe(400);
    expect(member.replica.state().slots).toBeLessThanOrEqual(4 * 8);
  });

  it('B5 a member that lags asks everybody who is ahead in turn, also while it misses a batch', () => {
    const member = new Driver(0);
    const views = [1, 2, 3].map((sender) => member.viewChange(sender, 1, [member.certificate('A')]));
    member.receive(views[0]!).receive(views[1]!).receive(views[2]!);
    member.receive(member.newView(1, views, ['A'])); // its batch never arrives
    const asked = new Set<Address>();
    member.from(1, { ...status(8), view: 1 as View, promisedView: 1 as View });
    member.from(3, { ...status(8), view: 1 as View, promisedView: 1 as View });
    const effects = emitted(member, () => {
      for (let i = 0; i < 40; i++) {
        member.now += 100;
        member.timer('status');
      }
    });
    for (const effect of effects)
      if (effect.kind === 'send' && effect.draft.kind === 'fetch' && effect.draft.decided !== undefined)
        asked.add(effect.to);
    expect([...asked].sort()).toEqual([1, 3]);
  });

  it('B6 what a gateway admits fits into a message that members decode', () => {
    const committee = testCommittee(4, { batchRequestsMax: 4 });
    const member = new Driver(0, { committee });
    member.submit(envelopeOf('alice', { count: 5 })).drained();
    const proposal = member.sealed.find((message) => message.kind === 'prePrepare');
    if (proposal === undefined) return; // refused: good
    const limits = wireLimits(committee.table);
    const frame = decodeFrame(encodeMessage(proposal), limits);
    expect(isRejection(isRejection(frame) ? frame : decodePayload(portableHash, frame, limits))).toBe(false);
  });
});

describe('attack: exactly once', () => {
  const ledger = (): Ledger => testLedger();
  const run = (of: Ledger, time: number, envelope: ReturnType<typeof envelopeOf>): number[] => [
    ...of.execute((of.executed + 1) as Sequence, createBatch(portableHash, time as Millis, [envelope])).outcomes,
  ];

  it('E1 one request, signed again with a later deadline before any answer came, is executed once', () => {
    const state = ledger();
    const first = envelopeOf('alice', { nonce: 5n, expiresAt: 60_000 });
    const retry = envelopeOf('alice', { nonce: 5n, expiresAt: 110_000 }); // same nonce, same value
    expect(run(state, 1000, first)).toEqual([0]);
    expect(run(state, 2000, retry)).toEqual([1]); // duplicate, as it should be
    run(state, 61_000, envelopeOf('bob', { expiresAt: 100_000 }));
    state.checkpoint(); // forgets alice
    expect(run(state, 62_000, retry)).not.toEqual([0]); // anybody can relay it again
  });
});
