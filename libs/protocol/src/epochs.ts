import { Committee } from './committee';
import type { EpochChange } from './epoch-change';
import type { WireLimits } from './wire-limits';
import type { EpochTable } from './epoch-table';
import { widestLimits } from './limits';
import type { Hash } from './hash';
import type { Epoch, Sequence } from './ids';
import { invariant } from './rejection';

/** The epochs that are known here, from the genesis on without gaps: each but the first by a proof that the one before gave. */
export class Epochs {
  private readonly committees: Committee[];
  private readonly proofs: EpochChange[] = [];
  private readonly first: Epoch;
  private widest: WireLimits | undefined;

  /** Throws an EpochTableError for a table that checkEpochTable refuses. */
  constructor(
    private readonly hash: Hash,
    genesis: EpochTable,
  ) {
    this.committees = [new Committee(genesis, hash)];
    this.first = genesis.epoch;
  }

  /** The committee of the newest epoch that is known. */
  get newest(): Committee {
    const newest = this.committees.at(-1);
    invariant(newest !== undefined, 'there is an epoch');
    return newest;
  }

  /** All committees, oldest first. */
  get all(): readonly Committee[] {
    return this.committees;
  }

  /** Bounds of messages from any epoch that is known. */
  get limits(): WireLimits {
    this.widest ??= widestLimits(this.committees.map(({ table }) => table));
    return this.widest;
  }

  /** The committee of an epoch, or undefined for one that is not known. */
  of(epoch: Epoch): Committee | undefined {
    return this.committees[epoch - this.first];
  }

  /** The committee that orders a sequence, as far as is known. */
  at(sequence: Sequence): Committee {
    for (let index = this.committees.length - 1; index > 0; index--) {
      const committee = this.committees[index];
      if (committee !== undefined && sequence > committee.table.baseSequence) return committee;
    }
    return this.committees[0] ?? this.newest;
  }

  /** Proofs of the epochs after `epoch`, oldest first, at most `max`. */
  changesAfter(epoch: Epoch, max: number): readonly EpochChange[] {
    const from = epoch - this.first;
    return this.proofs.slice(from, from + max);
  }

  /** Proofs of all epochs up to `epoch`, oldest first. */
  changesUpTo(epoch: Epoch): readonly EpochChange[] {
    return this.proofs.slice(0, epoch - this.first);
  }

  /** Takes in a change that checkEpochChange found to hold. False when that epoch is known already. */
  add(change: EpochChange): boolean {
    if (change.table.epoch <= this.newest.epoch) return false;
    invariant(change.table.epoch === this.newest.epoch + 1, 'epochs follow one another');
    this.committees.push(new Committee(change.table, this.hash));
    this.proofs.push(change);
    this.widest = undefined;
    return true;
  }
}
