import {
  Epochs,
  portableHash,
  STATE_CHUNK_BYTES,
  StateTree,
  type CheckpointCertificate,
  type Digest,
  type MemberIndex,
  type Millis,
  type NodeId,
  type Sequence,
} from '@concordat/protocol';
import { Pool } from '../pool';
import { DEFAULT_REPLICA_CONFIG } from '../replica-config';
import { testCommittee, testLedger } from '../testing/driver';
import { Context } from './context';
import { Snapshots } from './snapshots';

const committee = testCommittee();
const trees = new Map<number, StateTree>();
const treeOf = (sequence: number, bytes = 3): StateTree => {
  const tree = trees.get(sequence) ?? new StateTree(portableHash, new Uint8Array(bytes).fill(sequence));
  trees.set(sequence, tree);
  return tree;
};
const certificateOf = (sequence: number): CheckpointCertificate => ({
  sequence: sequence as Sequence,
  content: { stateDigest: treeOf(sequence).digest, boundary: 0 as Sequence, nextTableHash: '' as Digest },
  signatures: [],
});

class Server {
  readonly context = new Context(
    committee,
    0 as MemberIndex,
    portableHash,
    DEFAULT_REPLICA_CONFIG,
    new Pool({ envelopesMax: 1, bytesMax: 1, members: 4 }),
    testLedger(committee),
    new Epochs(portableHash, committee.table),
    'node-0' as NodeId,
  );
  readonly snapshots = new Snapshots(this.context);

  at(ms: number): this {
    this.context.at = ms as Millis;
    return this;
  }

  /** Computed here, and stable a little later. */
  pass(sequence: number, bytes?: number): this {
    this.snapshots.keep(sequence as Sequence, treeOf(sequence, bytes));
    this.context.stable = sequence as Sequence;
    this.snapshots.onStable(certificateOf(sequence));
    return this;
  }

  /** What comes back, in short words. */
  ask(sequence: number, from = 0, count = 0, bytesMax = Number.POSITIVE_INFINITY): string[] {
    let left = bytesMax;
    this.snapshots.answer(1 as MemberIndex, { sequence: sequence as Sequence, from, count }, (bytes) => {
      left -= bytes;
      return left >= 0;
    });
    return this.context.drain().map((effect) => {
      if (effect.kind !== 'send') return effect.kind;
      const { draft } = effect;
      return draft.kind === 'chunk'
        ? `chunk ${String(draft.index)} of ${String(draft.sequence)}`
        : `${draft.kind} ${String(draft.sequence)}`;
    });
  }
}

describe('what a member serves', () => {
  it('is the newest stable state, at or above what is asked for', () => {
    const server = new Server().pass(4).pass(8);
    expect(server.ask(1)).toEqual(['snapshot 8']);
    expect(server.ask(8)).toEqual(['snapshot 8']);
    expect(server.ask(9)).toEqual([]);
  });

  it('is nothing that is not stable yet', () => {
    const server = new Server();
    server.snapshots.keep(4 as Sequence, treeOf(4));
    expect(server.ask(1)).toEqual([]);
    expect(server.ask(4, 0, 1)).toEqual([]);
    server.snapshots.onStable(certificateOf(4));
    expect(server.ask(4, 0, 1)).toEqual(['chunk 0 of 4']);
  });

  it('is chunks as far as there are any, and as far as bandwidth allows', () => {
    const server = new Server().pass(100, 5 * STATE_CHUNK_BYTES + 1);
    expect(server.ask(100, 1, 2)).toEqual(['chunk 1 of 100', 'chunk 2 of 100']);
    expect(server.ask(100, 4, 9)).toEqual(['chunk 4 of 100', 'chunk 5 of 100']);
    expect(server.ask(100, 6, 1)).toEqual([]);
    expect(server.ask(100, 0, 6, 2 * STATE_CHUNK_BYTES)).toEqual(['chunk 0 of 100', 'chunk 1 of 100']);
  });

  it('is the newest offer to whoever asks for one that is gone', () => {
    const server = new Server().pass(4).pass(8).pass(12);
    expect(server.ask(4, 0, 1)).toEqual(['snapshot 12']);
  });

  it('stays for whoever fetches it, for a while after it asked last, and for two at most', () => {
    const server = new Server();
    server.at(1000).pass(4);
    expect(server.ask(4, 0, 1)).toEqual(['chunk 0 of 4']);
    server.at(1100).pass(8);
    expect(server.ask(8, 0, 1)).toEqual(['chunk 0 of 8']);
    server.at(2500).pass(12).pass(16);
    expect(server.ask(4, 0, 1)).toEqual(['chunk 0 of 4']);
    expect(server.ask(8, 0, 1)).toEqual(['chunk 0 of 8']);
    expect(server.ask(12, 0, 1)).toEqual(['snapshot 16']);
    // Asked for too, so that three are in use: who asked longest ago loses.
    server.at(2600);
    expect(server.ask(16, 0, 1)).toEqual(['chunk 0 of 16']);
    server.ask(8, 0, 1);
    server.pass(20);
    expect(server.ask(4, 0, 1)).toEqual(['snapshot 20']);
    expect(server.ask(8, 0, 1)).toEqual(['chunk 0 of 8']);
    server.at(9000).pass(24);
    expect([server.ask(8, 0, 1), server.ask(16, 0, 1), server.ask(20, 0, 1)]).toEqual([
      ['snapshot 24'],
      ['snapshot 24'],
      ['snapshot 24'],
    ]);
  });

  it('waits for stability in the newest two only', () => {
    const server = new Server();
    for (const sequence of [4, 8, 12]) server.snapshots.keep(sequence as Sequence, treeOf(sequence));
    expect([4, 8, 12].map((at) => server.snapshots.stateAt(at as Sequence) !== undefined)).toEqual([false, true, true]);
  });

  it('is a restored state only when it is the certified one', () => {
    const server = new Server();
    server.snapshots.restore(treeOf(8).state, certificateOf(4));
    expect(server.ask(1)).toEqual([]);
    server.snapshots.restore(treeOf(4).state, certificateOf(4));
    expect(server.ask(1)).toEqual(['snapshot 4']);
  });
});
