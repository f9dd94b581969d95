import { sequence, ZERO_DIGEST, type CheckpointCertificate } from '@concordat/protocol';
import { Bench } from './testing/bench';
import {
  askForView,
  checkpointAt,
  decide,
  digestOf,
  persistState,
  prepareFrom,
  sealAs,
  statusOf,
  voteFor,
} from './testing/messages';

const certificate: CheckpointCertificate = {
  sequence: sequence(64),
  content: { stateDigest: digestOf('b'), boundary: sequence(0), nextTableHash: ZERO_DIGEST },
  signatures: [],
};
const stable = [
  { kind: 'persist', record: { kind: 'stable', certificate } },
  { kind: 'stable', sequence: sequence(64) },
] as const;

describe('a CHECKPOINT', () => {
  it('leaves only after the decisions below it are durable, and the state; both before the log’s sync', async () => {
    const bench = new Bench().started();
    bench.decisions.flushes.held = true;
    bench.log.syncs.held = true;
    bench.replica.on('prepare 5 of 0', decide(64), persistState(64), checkpointAt(64), statusOf(1));
    bench.host.receive(prepareFrom(0, 5));
    await bench.settle();
    expect(bench.take()).toEqual([
      'step prepare 5 of 0',
      'decide 64',
      'append state',
      'append checkpoint 64',
      'step drained',
      'committed 64',
      'flush begins',
    ]);
    bench.decisions.flushes.let();
    await bench.settle();
    expect(bench.take()).toEqual(['flush ends', 'sync begins']);
    bench.log.syncs.let();
    await bench.settle();
    expect(bench.take().slice(0, 3)).toEqual(['sync ends', 'broadcast: checkpoint 64', 'broadcast: status 1']);
  });

  it('whose state came while decisions were flushed waits for another flush', async () => {
    const bench = new Bench().started();
    bench.decisions.flushes.held = true;
    bench.replica.on('prepare 5 of 0', decide(64), persistState(64));
    bench.replica.on('prepare 6 of 0', decide(65), persistState(65));
    bench.host.receive(prepareFrom(0, 5));
    await bench.settle();
    bench.host.receive(prepareFrom(0, 6));
    await bench.settle();
    bench.take();
    bench.decisions.flushes.let();
    await bench.settle();
    expect(bench.take()).toEqual(['flush ends', 'flush begins']);
    bench.decisions.flushes.let();
    await bench.settle();
    expect(bench.take()).toEqual(['flush ends', 'sync begins', 'sync ends', 'committed 65']);
  });

  it('needs no flush when every decision is durable already', async () => {
    const bench = new Bench().started();
    bench.replica.on('prepare 5 of 0', persistState(64), checkpointAt(64));
    bench.host.receive(prepareFrom(0, 5));
    await bench.settle();
    expect(bench.take()).not.toContain('flush begins');
  });

  it('holds nothing back that was promised before it was', async () => {
    const bench = new Bench().started();
    bench.log.syncs.held = true;
    bench.decisions.flushes.held = true;
    bench.replica.on('prepare 5 of 0', voteFor('commit', 5));
    bench.replica.on('prepare 6 of 0', decide(64), checkpointAt(64));
    bench.host.receive(prepareFrom(0, 5));
    await bench.settle();
    bench.host.receive(prepareFrom(0, 6));
    await bench.settle();
    bench.take();
    bench.log.syncs.let();
    await bench.settle();
    expect(bench.take()).toContain('broadcast: commit 5');
  });
});

describe('a state that was taken over', () => {
  it('is durable only after the store knows what will never come, and nothing leaves before', async () => {
    const bench = new Bench().started();
    bench.decisions.flushes.held = true;
    bench.log.syncs.held = true;
    const gap = { from: sequence(3), sequence: sequence(64), totalDecided: 9, envelopes: [] };
    bench.replica.on('prepare 5 of 0', { kind: 'installed', ...gap }, persistState(64), ...stable, statusOf(1));
    bench.host.receive(prepareFrom(0, 5));
    await bench.settle();
    expect(bench.take()).toEqual([
      'step prepare 5 of 0',
      'gap 3..64',
      'append state',
      'append stable',
      'step drained',
      'installed 3..64',
      'flush begins',
    ]);
    bench.decisions.flushes.let();
    await bench.settle();
    expect(bench.take()).toEqual(['flush ends', 'sync begins']);
    bench.log.syncs.let();
    await bench.settle();
    expect(bench.take().slice(0, 3)).toEqual(['sync ends', 'stable 64', 'broadcast: status 1']);
  });
});

describe('decisions that were dropped', () => {
  it('are told to the replica before it says where it stands, and again when more go', async () => {
    const bench = new Bench();
    bench.host.retained(sequence(5));
    bench.host.start();
    expect(bench.take().slice(0, 2)).toEqual(['step retained 5', 'step start']);
    await bench.settle();
    bench.take();
    bench.host.retained(sequence(9));
    await bench.settle();
    expect(bench.take()).toEqual(['step retained 9']);
  });
});

describe('a stable checkpoint', () => {
  it('gives old files up once it and the decisions are durable', async () => {
    const bench = new Bench().started();
    bench.decisions.flushes.held = true;
    bench.log.syncs.held = true;
    bench.replica.on('prepare 5 of 0', decide(64), ...stable);
    bench.host.receive(prepareFrom(0, 5));
    await bench.settle();
    expect(bench.take().slice(-2)).toEqual(['committed 64', 'sync begins']);
    bench.log.syncs.let();
    await bench.settle();
    expect(bench.take()).toEqual(['sync ends', 'stable 64', 'flush begins']);
    bench.decisions.flushes.let();
    await bench.settle();
    expect(bench.take()).toEqual(['flush ends', 'drop below 64']);
  });

  it('begins a new file when the old one is full: decisions, base, and only then older files go', async () => {
    const bench = new Bench().started();
    bench.log.isSegmentFull = true;
    bench.decisions.flushes.held = true;
    bench.replica.baseVotes = [sealAs((askForView(2) as { draft: Parameters<typeof sealAs>[0] }).draft)];
    bench.replica.on('prepare 5 of 0', decide(64), ...stable);
    bench.host.receive(prepareFrom(0, 5));
    await bench.settle();
    bench.take();
    bench.decisions.flushes.let();
    await bench.settle();
    expect(bench.take()).toEqual(['flush ends', 'rotate [state, viewChange 2]', 'drop below 64']);
  });

  it('stands still while it begins a new file: its base is the state of that moment', async () => {
    const bench = new Bench().started();
    bench.log.isSegmentFull = true;
    bench.decisions.flushes.held = true;
    bench.replica.on('prepare 5 of 0', decide(64), ...stable);
    bench.host.receive(prepareFrom(0, 5));
    await bench.settle();
    bench.take();
    bench.host.receive(prepareFrom(0, 6));
    bench.clock.advance(1000);
    await bench.settle();
    expect(bench.take()).toEqual([]);
    bench.decisions.flushes.let();
    await bench.settle();
    expect(bench.take()).toEqual([
      'flush ends',
      'rotate [state]',
      'drop below 64',
      'step prepare 6 of 0',
      'step drained',
    ]);
  });

  it('carries votes over that the replica does not have back yet', async () => {
    const bench = new Bench().started();
    bench.log.syncs.held = true;
    bench.log.isSegmentFull = true;
    bench.replica.on('prepare 5 of 0', ...stable);
    bench.replica.on('prepare 6 of 0', askForView(3), statusOf(1));
    bench.host.receive(prepareFrom(0, 5));
    await bench.settle();
    bench.host.receive(prepareFrom(0, 6));
    await bench.settle();
    bench.take();
    bench.log.syncs.let();
    await bench.settle();
    // A VIEW-CHANGE that only the old file held would be lost with it, and with it what it promised.
    expect(bench.take()).toEqual([
      'sync ends',
      'stable 64',
      'rotate [state, viewChange 3]',
      'drop below 64',
      'broadcast: viewChange 3',
      'broadcast: status 1',
      'step viewChange 3 of 1',
      'step drained',
    ]);
  });

  it('drops nothing when the new file cannot be made', async () => {
    const bench = new Bench().started();
    bench.log.isSegmentFull = true;
    bench.log.rotate = () => {
      throw new Error('disk full');
    };
    bench.replica.on('prepare 5 of 0', ...stable);
    bench.host.receive(prepareFrom(0, 5));
    await bench.settle();
    expect(bench.take()).not.toContain('drop below 64');
    expect(bench.halts).toMatchObject([{ code: 'storage', message: 'disk full' }]);
  });
});

describe('a store of decisions that lags', () => {
  it('is waited for', async () => {
    const bench = new Bench().started();
    let caughtUp = (): void => undefined;
    bench.decisions.lag = new Promise((resolve) => (caughtUp = resolve));
    bench.replica.on('prepare 5 of 0', decide(1));
    bench.host.receive(prepareFrom(0, 5));
    bench.host.receive(prepareFrom(0, 6));
    await bench.settle();
    expect(bench.take()).toEqual(['step prepare 5 of 0', 'decide 1', 'step drained', 'committed 1']);
    caughtUp();
    await bench.settle();
    expect(bench.take()).toEqual(['step prepare 6 of 0', 'step drained']);
  });
});
