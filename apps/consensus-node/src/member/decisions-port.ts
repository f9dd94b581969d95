import { type CommittedBlock } from '@concordat/consensus';
import { type Sequence } from '@concordat/protocol';
import { type DecisionRecord } from '@concordat/records';
import { type DecisionsPort, type SuppliedDecision } from '@concordat/replica-host';
import { BufferFull, type DecisionStore } from '@concordat/storage';

/** What the adapter needs of the store. */
export type StoreOfDecisions = Pick<DecisionStore, 'append' | 'appendGap' | 'flush' | 'settle' | 'read'>;

type Entry = (store: StoreOfDecisions) => void;

const recordOf = (block: CommittedBlock, durationsMs: readonly number[]): DecisionRecord => {
  const { sequence, logTime, batch, certificate, outcomes } = block;
  return { sequence, view: certificate.view, logTime, batch, certificate, outcomes, durationsMs };
};

/** The decision store as the host wants it. A store whose index lags makes the host wait, in order. */
export class StoredDecisions implements DecisionsPort {
  private readonly backlog: Entry[] = [];
  private draining: Promise<void> | undefined;

  constructor(private readonly store: StoreOfDecisions) {}

  append(block: CommittedBlock, durationsMs: readonly number[]): undefined | Promise<void> {
    const record = recordOf(block, durationsMs);
    return this.enter((store) => store.append(record));
  }

  appendGap(from: Sequence, through: Sequence): undefined | Promise<void> {
    return this.enter((store) => store.appendGap({ from, through }));
  }

  async flush(): Promise<void> {
    await this.draining;
    await this.store.flush();
  }

  read(from: Sequence, through: Sequence, bytesMax: number): Promise<readonly SuppliedDecision[]> {
    return this.store.read(from, through, bytesMax);
  }

  private enter(entry: Entry): undefined | Promise<void> {
    if (this.draining === undefined && this.tryEnter(entry)) return undefined;
    this.backlog.push(entry);
    this.draining ??= this.drain();
    return this.draining;
  }

  private tryEnter(entry: Entry): boolean {
    try {
      entry(this.store);
      return true;
    } catch (error) {
      if (error instanceof BufferFull) return false;
      throw error;
    }
  }

  private async drain(): Promise<void> {
    for (let entry = this.backlog[0]; entry !== undefined; entry = this.backlog[0]) {
      await this.store.settle();
      if (this.tryEnter(entry)) this.backlog.shift();
    }
    this.draining = undefined;
  }
}
