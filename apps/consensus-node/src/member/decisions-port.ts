import { type CommittedBlock } from '@concordat/consensus';
import { type Sequence } from '@concordat/protocol';
import { type DecisionRecord } from '@concordat/records';
import { type DecisionsPort, type SuppliedDecision } from '@concordat/replica-host';
import { BufferFull, type DecisionStore } from '@concordat/storage';

/** What the adapter needs of the store. */
export type StoreOfDecisions = Pick<DecisionStore, 'append' | 'flush' | 'settle' | 'read'>;

const recordOf = (block: CommittedBlock, durationsMs: readonly number[]): DecisionRecord => {
  const { sequence, logTime, batch, certificate, outcomes } = block;
  return { sequence, view: certificate.view, logTime, batch, certificate, outcomes, durationsMs };
};

/** The decision store as the host wants it. A store whose index lags makes the host wait, in order. */
export class StoredDecisions implements DecisionsPort {
  private readonly backlog: DecisionRecord[] = [];
  private draining: Promise<void> | undefined;

  constructor(private readonly store: StoreOfDecisions) {}

  append(block: CommittedBlock, durationsMs: readonly number[]): undefined | Promise<void> {
    const record = recordOf(block, durationsMs);
    if (this.draining === undefined && this.tryAppend(record)) return undefined;
    this.backlog.push(record);
    this.draining ??= this.drain();
    return this.draining;
  }

  async flush(): Promise<void> {
    await this.draining;
    await this.store.flush();
  }

  read(from: Sequence, through: Sequence, bytesMax: number): Promise<readonly SuppliedDecision[]> {
    return this.store.read(from, through, bytesMax);
  }

  private tryAppend(record: DecisionRecord): boolean {
    try {
      this.store.append(record);
      return true;
    } catch (error) {
      if (error instanceof BufferFull) return false;
      throw error;
    }
  }

  private async drain(): Promise<void> {
    for (let record = this.backlog[0]; record !== undefined; record = this.backlog[0]) {
      await this.store.settle();
      if (this.tryAppend(record)) this.backlog.shift();
    }
    this.draining = undefined;
  }
}
