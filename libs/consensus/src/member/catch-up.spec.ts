import {
  SLOT_FLAGS,
  ZERO_DIGEST,
  type Digest,
  type DraftOf,
  type MemberIndex,
  type NodeId,
  type Sequence,
  type Signed,
  type SlotStatus,
  type View,
} from '@concordat/protocol';
import { Driver, envelopeOf } from '../testing/driver';

interface Standing {
  readonly view?: number;
  readonly promised?: number;
  readonly executed?: number;
  readonly stable?: number;
  readonly slots?: readonly SlotStatus[];
  readonly waiting?: readonly Digest[];
  readonly held?: readonly (readonly [sender: number, view: number])[];
}

function status({
  view = 0,
  promised = view,
  executed = 0,
  stable = 0,
  slots = [],
  waiting = [],
  held = [],
}: Standing): DraftOf<'status'> {
  return {
    kind: 'status',
    view: view as View,
    sequence: executed as Sequence,
    promisedView: promised as View,
    stableSequence: stable as Sequence,
    oldestSequence: 1 as Sequence,
    headDigest: ZERO_DIGEST,
    slots,
    waiting,
    viewChangesHeld: held.map(([sender, of]) => ({ sender: sender as MemberIndex, view: of as View })),
    silent: [],
  };
}

/** STATUS twice, the second a while after the first: the sender does not move. */
function stuck(member: Driver, sender: number, standing: Standing): void {
  member.from(sender, status(standing));
  member.now += 100;
  member.from(sender, status(standing));
}

describe('what a STATUS brings back', () => {
  it('own votes for slots that the sender has not decided, and the proposal from its leader', () => {
    const leader = new Driver(0);
    leader.submit(envelopeOf('A')).drained();
    leader.batch('A');
    leader.prepare(1, 'A').prepare(2, 'A');
    leader.told();
    stuck(leader, 3, {});
    expect(new Set(leader.told())).toEqual(new Set(['forward commit to 3', 'forward prePrepare to 3']));
  });

  it('the very bytes that were signed first', () => {
    const member = new Driver(1);
    member.prePrepare('A');
    const own = member.sealed[0] as Signed;
    const forwarded: Signed[] = [];
    for (const at of [1100, 1200]) {
      for (const effect of member.replica.step({
        kind: 'message',
        at: at as never,
        message: member.sealAs(2, status({})) as never,
      })) {
        if (effect.kind === 'forward') forwarded.push(effect.message);
      }
    }
    expect(forwarded.length).toBeGreaterThan(0);
    for (const message of forwarded) expect(message).toBe(own);
  });

  it('no vote for what the sender has', () => {
    const member = new Driver(1);
    member.prePrepare('A').prepare(2, 'A');
    member.told();
    stuck(member, 2, {
      slots: [{ sequence: 1 as Sequence, flags: SLOT_FLAGS.batch | SLOT_FLAGS.prepared | SLOT_FLAGS.decided }],
    });
    expect(member.told()).toEqual([]);
  });

  it('nothing twice to a sender that repeats itself faster than the answer interval', () => {
    const member = new Driver(1);
    member.prePrepare('A');
    member.told();
    for (let i = 0; i < 100; i++) member.from(2, status({}));
    expect(member.told().length).toBeLessThanOrEqual(1);
  });

  it('the current NEW-VIEW, to a member in an older view', () => {
    const leader = new Driver(1);
    leader.submit(envelopeOf('A'));
    leader.receive(leader.viewChange(2, 1)).receive(leader.viewChange(3, 1));
    leader.told();
    leader.from(0, status({ view: 0 }));
    expect(leader.told()).toContain('forward newView to 0');
  });

  it('VIEW-CHANGEs, to a member that asks for a view and lacks them', () => {
    const member = new Driver(2);
    member.receive(member.viewChange(0, 1)).receive(member.viewChange(3, 1));
    member.told();
    member.from(1, status({ promised: 1, held: [[0, 1]] }));
    expect(new Set(member.told().filter((text) => text.startsWith('forward')))).toEqual(
      new Set(['forward viewChange to 1']),
    );
  });

  it('a question for requests that the sender names twice and this member does not know', () => {
    const member = new Driver(1);
    stuck(member, 2, { waiting: [envelopeOf('A').id] });
    expect(member.told()).toEqual(['send fetch to 2']);
  });
});

describe('what a FETCH brings', () => {
  const fetch = (what: Partial<DraftOf<'fetch'>>): DraftOf<'fetch'> => ({
    kind: 'fetch',
    origin: 'node-1' as NodeId,
    view: 0 as View,
    sequence: 0 as Sequence,
    batches: [],
    viewChanges: [],
    envelopes: [],
    decided: undefined,
    snapshot: undefined,
    ...what,
  });

  it('batches, waiting requests and VIEW-CHANGEs that are held', () => {
    const member = new Driver(1);
    member.prePrepare('A').submit(envelopeOf('B'));
    const held = member.viewChange(3, 1);
    member.receive(held);
    member.told();
    member.from(
      2,
      fetch({ batches: [member.digest('A')], envelopes: [envelopeOf('B').id], viewChanges: [held.digest] }),
    );
    expect(member.told()).toEqual(['send batch to 2', 'forward viewChange to 2', 'send requests to 2']);
  });

  it('decided sequences as far as they are executed', () => {
    const member = new Driver(1);
    for (const sequence of [1, 2]) {
      member.prePrepare(`X${String(sequence)}`, { sequence });
      for (const sender of [0, 2, 3]) member.commit(sender, `X${String(sequence)}`, { sequence });
    }
    member.told();
    member.from(2, fetch({ decided: { from: 1 as Sequence, to: 99 as Sequence } }));
    expect(member.told()).toEqual(['supply 1..2 to 2']);
  });
});

describe('a member that is behind', () => {
  it('fetches decided sequences when others are ahead and it does not move, from one after the other', () => {
    const member = new Driver(1);
    for (const sender of [0, 2, 3]) member.from(sender, status({ executed: 100 }));
    const asked = [
      member.timer('status').told(),
      member.timer('status').told(),
      member.timer('status').told(),
      member.timer('status').told(),
    ].flat();
    expect(asked.length).toBe(3);
    expect(new Set(asked).size).toBe(3);
  });

  it('asks for the next part as soon as the last one is executed', () => {
    const member = new Driver(1);
    member.from(2, status({ executed: 40 }));
    member.timer('status').timer('status');
    expect(member.told()).toEqual(['send fetch to 2']);
    for (let sequence = 1; sequence <= 32; sequence++) {
      const name = `X${String(sequence)}`;
      member.from(2, {
        kind: 'decided',
        view: 0 as View,
        sequence: sequence as Sequence,
        batch: member.batch(name),
        certificate: { view: 0 as View, sequence: sequence as Sequence, digest: member.digest(name), signatures: [] },
      });
    }
    expect(member.told().filter((text) => text.startsWith('send fetch'))).toEqual(['send fetch to 2']);
  });

  it('takes no decided sequence far ahead of what it has executed', () => {
    const member = new Driver(1);
    member.from(2, {
      kind: 'decided',
      view: 0 as View,
      sequence: 1000 as Sequence,
      batch: member.batch('A'),
      certificate: { view: 0 as View, sequence: 1000 as Sequence, digest: member.digest('A'), signatures: [] },
    });
    expect(member.told()).toEqual(['reject unsolicited']);
    expect(member.replica.state().slots).toBe(0);
  });
});
