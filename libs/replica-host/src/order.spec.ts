import {
  epoch,
  memberIndex,
  sequence,
  view,
  type NewView,
  type Proposal,
  type Signed,
  nodeId,
} from '@concordat/protocol';
import { Bench } from './testing/bench';
import {
  batchOf,
  checkpointAt,
  decide,
  digestOf,
  draftOf,
  envelopeOf,
  giveUp,
  messageOf,
  persistBatch,
  prepareFrom,
  propose,
  proposeBlock,
  sealAs,
  SELF,
  startView,
  statusOf,
  voteFor,
  voteForBlock,
} from './testing/messages';

const entered = sealAs({
  kind: 'newView',
  view: view(3),
  sequence: sequence(0),
  viewChanges: [],
  entries: [],
}) as Signed<NewView>;

describe('the order of effects', () => {
  it('holds back a vote, and everything after it, until it is durable', async () => {
    const bench = new Bench().started();
    bench.log.syncs.held = true;
    bench.replica.on('prepare 5 of 0', statusOf(7), voteFor('commit', 5), statusOf(8), decide(4));
    bench.host.receive(prepareFrom(0, 5));
    await bench.settle();
    expect(bench.take()).toEqual([
      'step prepare 5 of 0',
      'append commit 5',
      'decide 4',
      'step drained',
      'broadcast: status 7',
      'sync begins',
    ]);
    bench.log.syncs.let();
    await bench.settle();
    expect(bench.take()).toEqual([
      'sync ends',
      'broadcast: commit 5',
      'broadcast: status 8',
      'committed 4',
      'step commit 5 of 1',
      'step drained',
    ]);
  });

  it.each([
    { name: 'a batch', effect: persistBatch(5, batchOf(1)) },
    { name: 'an entered view', effect: { kind: 'persist', record: { kind: 'newView', message: entered } } as const },
  ])('holds back what follows $name', async ({ effect }) => {
    const bench = new Bench().started();
    bench.log.syncs.held = true;
    bench.replica.on('prepare 5 of 0', effect, { kind: 'viewEntered', view: view(3), leader: memberIndex(3) });
    bench.host.receive(prepareFrom(0, 5));
    await bench.settle();
    expect(bench.take()).not.toContain('entered 3 led by 3');
    bench.log.syncs.let();
    await bench.settle();
    expect(bench.take()).toEqual(['sync ends', 'entered 3 led by 3']);
  });

  it('runs on while a sync is under way, and what a later turn says waits for a sync of its own', async () => {
    const bench = new Bench().started();
    bench.log.syncs.held = true;
    bench.replica.on('prepare 5 of 0', voteFor('commit', 5));
    bench.replica.on('prepare 6 of 0', voteFor('commit', 6), statusOf(1));
    bench.host.receive(prepareFrom(0, 5));
    await bench.settle();
    bench.host.receive(prepareFrom(0, 6));
    await bench.settle();
    expect(bench.take().slice(3)).toEqual(['sync begins', 'step prepare 6 of 0', 'append commit 6', 'step drained']);
    bench.log.syncs.let();
    await bench.settle();
    expect(bench.take()).toEqual([
      'sync ends',
      'broadcast: commit 5',
      'sync begins',
      'step commit 5 of 1',
      'step drained',
    ]);
    bench.log.syncs.let();
    await bench.settle();
    expect(bench.take()).toEqual([
      'sync ends',
      'broadcast: commit 6',
      'broadcast: status 1',
      'step commit 6 of 1',
      'step drained',
    ]);
  });

  it('makes what one turn promises durable with one sync', async () => {
    const bench = new Bench().started();
    for (const n of [5, 6, 7]) {
      bench.replica.on(`prepare ${String(n)} of 0`, voteFor('commit', n));
      bench.host.receive(prepareFrom(0, n));
    }
    await bench.settle();
    expect(bench.take().filter((line) => line === 'sync begins')).toHaveLength(1);
  });

  it('answers a client in the order of effects too', async () => {
    const bench = new Bench().started();
    bench.log.syncs.held = true;
    const envelope = envelopeOf(9);
    bench.replica.on('submit 9', voteFor('prepare', 2), { kind: 'admitted', envelope });
    let answer: unknown = 'none yet';
    void bench.host.submit(envelope).then((given) => (answer = given));
    await bench.settle();
    expect(answer).toBe('none yet');
    bench.log.syncs.let();
    await bench.settle();
    expect(answer).toBeUndefined();
  });

  it('tells a client why it is refused', async () => {
    const bench = new Bench().started();
    const rejection = { rejected: true, code: 'nonce_used', reason: 'used' } as const;
    bench.replica.on('submit 9', { kind: 'refused', id: envelopeOf(9).id, rejection });
    const answer = bench.host.submit(envelopeOf(9));
    await bench.settle();
    expect(await answer).toBe(rejection);
  });

  it('writes a proposal’s batch once, and sends it whole', async () => {
    const bench = new Bench().started();
    const batch = batchOf(1, 2);
    bench.replica.on('drained', persistBatch(5, batch), propose(5, batch));
    bench.replica.on('drained', propose(6, batch));
    const payloads: number[] = [];
    const append = bench.log.append.bind(bench.log);
    bench.log.append = (record) => {
      payloads.push(record.payload.length);
      append(record);
    };
    bench.host.receive(prepareFrom(0, 1));
    await bench.settle();
    expect(bench.take()).toEqual(
      expect.arrayContaining(['append batch 5', 'append prePrepare 5', 'append prePrepare 6']),
    );
    const [whole, apart, together] = payloads;
    expect(whole).toBe(batch.size);
    // Without a record of its own just before, the batch stands in the proposal.
    expect(together).toBe(apart! + batch.size);
    expect(bench.network.sentBytes.map((bytes) => bytes.length)).toEqual([together, together]);
  });

  it('sends a vote for one member to that member alone, once it is durable, and returns it', async () => {
    const bench = new Bench().started();
    bench.log.syncs.held = true;
    bench.replica.on('prepare 5 of 0', voteForBlock(7, 9, digestOf('a'), 3), statusOf(7));
    bench.host.receive(prepareFrom(0, 5));
    await bench.settle();
    expect(bench.take()).toEqual(['step prepare 5 of 0', 'append vote 9', 'step drained', 'sync begins']);
    bench.log.syncs.let();
    await bench.settle();
    expect(bench.take()).toEqual([
      'sync ends',
      'send to 3: vote 9',
      'broadcast: status 7',
      'step vote 9 of 1',
      'step drained',
    ]);
    const [sent] = bench.network.sentBytes;
    expect(messageOf(sent!)).toMatchObject({ kind: 'vote', view: 7, sequence: 9, sender: SELF });
  });

  it('sends a vote for itself to nobody, and returns it once it is durable', async () => {
    const bench = new Bench().started();
    bench.log.syncs.held = true;
    bench.replica.on('prepare 5 of 0', voteForBlock(7, 9, digestOf('a'), SELF));
    bench.host.receive(prepareFrom(0, 5));
    await bench.settle();
    expect(bench.take()).toEqual(['step prepare 5 of 0', 'append vote 9', 'step drained', 'sync begins']);
    bench.log.syncs.let();
    await bench.settle();
    expect(bench.take()).toEqual(['sync ends', 'step vote 9 of 1', 'step drained']);
    expect(bench.network.sentBytes).toEqual([]);
  });

  it('broadcasts blocks and TIMEOUTs, and what a vote rests on is in the log before it', async () => {
    const bench = new Bench().started();
    const message = sealAs(draftOf(proposeBlock(7, 9, batchOf(1))), memberIndex(3)) as Signed<Proposal>;
    const locked = { view: view(5), digest: digestOf('c') };
    bench.replica.on(
      'prepare 5 of 0',
      { kind: 'persist', record: { kind: 'proposal', message } },
      { kind: 'persist', record: { kind: 'lock', epoch: epoch(0), locked } },
      voteForBlock(7, 9, message.digest, 0),
      proposeBlock(8, 10),
      giveUp(8),
    );
    bench.host.receive(prepareFrom(0, 5));
    await bench.settle();
    const lines = bench.take();
    expect(lines.filter((line) => line.startsWith('append'))).toEqual([
      'append proposal',
      'append lock',
      'append vote 9',
      'append proposal 10',
      'append timeout 8',
    ]);
    const left = lines.filter((line) => line.startsWith('send') || line.startsWith('broadcast'));
    expect(left).toEqual(['send to 0: vote 9', 'broadcast: proposal 10', 'broadcast: timeout 8']);
    expect(lines.indexOf('sync ends')).toBeLessThan(lines.indexOf(left[0]!));
  });

  it('stops before a second vote in one view is signed', async () => {
    const bench = new Bench().started();
    bench.replica.on('prepare 5 of 0', voteForBlock(7, 9, digestOf('a'), 3));
    bench.replica.on('prepare 6 of 0', voteForBlock(7, 10, digestOf('b'), 2));
    for (const n of [5, 6]) {
      bench.host.receive(prepareFrom(0, n));
      await bench.settle();
    }
    expect(bench.halts).toMatchObject([{ code: 'invariant' }]);
    expect(bench.network.sentBytes).toHaveLength(1);
  });

  it('performs everything else in order as well', async () => {
    const bench = new Bench().started();
    bench.replica.on(
      'prepare 5 of 0',
      { kind: 'viewLeft', view: view(0), reason: 'timeout' },
      { kind: 'forward', to: memberIndex(3), message: entered },
      {
        kind: 'send',
        to: memberIndex(2),
        draft: {
          kind: 'fetch',
          origin: nodeId('n1'),
          view: view(0),
          sequence: sequence(4),
          batches: [],
          viewChanges: [],
          envelopes: [],
          decided: undefined,
          snapshot: undefined,
        },
      },
      {
        kind: 'accuse',
        evidence: { kind: 'contradictory-new-view', accused: memberIndex(3), newView: entered, viewChanges: [] },
      },
      { kind: 'rejected', sender: memberIndex(2), rejection: { rejected: true, code: 'redundant', reason: '' } },
    );
    bench.host.receive(prepareFrom(0, 5));
    await bench.settle();
    expect(bench.take().slice(2)).toEqual([
      'left 0: timeout',
      'send to 3: newView 3',
      'send to 2: fetch 4',
      'accused 3',
    ]);
    expect(bench.rejections).toEqual(['redundant of 2']);
  });

  it('feeds start, and then drained, before anything else', async () => {
    const bench = new Bench();
    bench.host.receive(prepareFrom(0, 5));
    await bench.settle();
    expect(bench.take()).toEqual([]);
    bench.replica.on('start', statusOf(0));
    bench.host.start();
    await bench.settle();
    expect(bench.take()).toEqual([
      'step start',
      'step drained',
      'broadcast: status 0',
      'step prepare 5 of 0',
      'step drained',
    ]);
  });

  describe('with a blocking sync', () => {
    it('ends each turn with one, and nothing leaves before', () => {
      const bench = new Bench({ groupCommit: 'sync' }).started();
      bench.replica.on('prepare 5 of 0', statusOf(1), voteFor('commit', 5), statusOf(2));
      bench.host.receive(prepareFrom(0, 5));
      bench.clock.turn();
      expect(bench.take()).toEqual([
        'step prepare 5 of 0',
        'append commit 5',
        'step drained',
        'broadcast: status 1',
        'sync now',
        'broadcast: commit 5',
        'broadcast: status 2',
      ]);
      bench.clock.turn();
      expect(bench.take()).toEqual(['step commit 5 of 1', 'step drained']);
    });

    it('flushes decisions first where a CHECKPOINT needs it', async () => {
      const bench = new Bench({ groupCommit: 'sync' }).started();
      bench.decisions.flushes.held = true;
      bench.replica.on('prepare 5 of 0', decide(64), checkpointAt(64));
      bench.host.receive(prepareFrom(0, 5));
      await bench.settle();
      expect(bench.take().slice(-1)).toEqual(['flush begins']);
      bench.decisions.flushes.let();
      await bench.settle();
      expect(bench.take()).toEqual([
        'flush ends',
        'sync now',
        'broadcast: checkpoint 64',
        'step checkpoint 64 of 1',
        'step drained',
      ]);
    });
  });

  it('signs a NEW-VIEW’s entries, and remembers them as proposals', async () => {
    const bench = new Bench().started();
    bench.replica.on('prepare 5 of 0', startView(1, digestOf('a'), digestOf('b')));
    bench.replica.on('prepare 6 of 0', propose(2, batchOf(1), 1));
    bench.host.receive(prepareFrom(0, 5));
    await bench.settle();
    expect(bench.take()).toContain('broadcast: newView 1');
    bench.host.receive(prepareFrom(0, 6));
    await bench.settle();
    expect(bench.halts).toMatchObject([{ code: 'invariant' }]);
  });
});
