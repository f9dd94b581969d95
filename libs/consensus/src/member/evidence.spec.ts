import {
  createEpochTable,
  Epochs,
  portableHash,
  type Digest,
  type Epoch,
  type MemberIndex,
  type NodeId,
  type Sequence,
  type View,
} from '@concordat/protocol';
import { DEFAULT_REPLICA_CONFIG } from '../replica-config';
import { Pool } from '../pool';
import { testCommittee, testLedger } from '../testing/driver';
import { Context } from './context';

const committee = testCommittee();

/** A member in an epoch, which knows those before. */
class Judge {
  readonly epochs = new Epochs(portableHash, committee.table);
  readonly context: Context;

  constructor(epoch = 0) {
    for (let next = 1; next <= epoch; next++) this.learn(next);
    this.context = new Context(
      this.epochs.newest,
      0 as MemberIndex,
      portableHash,
      DEFAULT_REPLICA_CONFIG,
      new Pool({ envelopesMax: 1, bytesMax: 1, members: 4 }),
      testLedger(committee),
      this.epochs,
      'node-0' as NodeId,
    );
  }

  /** Two COMMITs of a member in an epoch. Gives the effects in short words. */
  accuse(epoch: number, sequence = 1, sender = 3): string[] {
    const content = (digest: string) => ({
      statement: {
        kind: 'commit' as const,
        epoch: epoch as Epoch,
        view: 0 as View,
        sequence: sequence as Sequence,
        digest: digest.repeat(64) as Digest,
        sender: sender as MemberIndex,
      },
      signature: new Uint8Array(64),
    });
    this.context.accuseOfEquivocation(content('a'), content('b'));
    return this.context.drain().map(({ kind }) => kind);
  }

  get onRecord(): [epoch: number, sequence: number][] {
    return this.context.evidence.map((evidence) => {
      if (evidence.kind !== 'equivocation') throw new Error(evidence.kind);
      const { epoch, sequence } = evidence.first.statement;
      return [epoch, sequence];
    });
  }

  private learn(epoch: number): void {
    const { members } = committee.table;
    const baseSequence = (epoch * committee.table.windowSize) as Sequence;
    const table = { ...createEpochTable({ ...committee.table, members }), epoch: epoch as Epoch, baseSequence };
    const content = { stateDigest: '0'.repeat(64) as Digest, boundary: baseSequence, nextTableHash: '' as Digest };
    this.epochs.add({ table, certificate: { sequence: baseSequence, content, signatures: [] } });
  }
}

describe('proofs on record', () => {
  it('one of a kind is enough in an epoch', () => {
    const judge = new Judge();
    expect(judge.accuse(0, 1)).toEqual(['persist', 'accuse']);
    expect(judge.accuse(0, 2)).toEqual([]);
    expect(judge.onRecord).toEqual([[0, 1]]);
  });

  it('a proof of a later epoch takes the place of an earlier one, which nobody can be isolated for any more', () => {
    const judge = new Judge(3);
    expect(judge.accuse(0, 1)).toEqual(['persist', 'accuse']);
    expect(judge.accuse(3, 25)).toEqual(['persist', 'accuse']);
    expect(judge.onRecord).toEqual([[3, 25]]);
    expect(judge.accuse(2, 17)).toEqual([]);
    expect(judge.onRecord).toEqual([[3, 25]]);
  });
});
