import {
  BATCH_OVERHEAD_BYTES,
  envelopePriority,
  PRIORITIES,
  reject,
  type Authentic,
  type Digest,
  type Envelope,
  type Rejection,
  type Sequence,
} from '@concordat/protocol';

interface Entry {
  readonly envelope: Envelope;
  readonly priority: number;
  /** Where it was last proposed in the current view; undefined while it waits for a proposal. */
  proposedAt: Sequence | undefined;
}

/** Bounds of a pool. */
export interface PoolLimits {
  readonly envelopesMax: number;
  readonly bytesMax: number;
}

/** One signer's share of the pool, so that a flood of one leaves room for others. */
const SIGNER_SHARE = 4;
/** Share of a batch that goes to the oldest envelopes, whatever their priority: nothing waits for ever behind urgent ones. */
const OLDEST_SHARE = 4;

/** Envelopes that are known here and not yet executed, in order of arrival. Both engines draw their batches from it. */
export class Pool {
  private readonly entries = new Map<Digest, Entry>();
  /** Those without a proposal, by priority, each in order of arrival. */
  private readonly unproposed: readonly Map<Digest, Entry>[] = PRIORITIES.map(() => new Map<Digest, Entry>());
  private readonly perSigner = new Map<string, number>();
  private heldBytes = 0;

  constructor(private readonly limits: PoolLimits) {}

  get size(): number {
    return this.entries.size;
  }

  get bytes(): number {
    return this.heldBytes;
  }

  /** True while something waits for a proposal. */
  get hasUnproposed(): boolean {
    return this.unproposed.some((queue) => queue.size > 0);
  }

  /** Takes an envelope in; a Rejection when it is known or there is no room. */
  admit(envelope: Authentic): Rejection | undefined {
    if (this.entries.has(envelope.id)) return reject('redundant', 'the envelope waits already');
    if (
      this.entries.size >= this.limits.envelopesMax ||
      this.heldBytes + envelope.bytes.length > this.limits.bytesMax
    ) {
      return reject(
        'pool_full',
        `the pool holds ${String(this.entries.size)} envelopes, ${String(this.heldBytes)} bytes`,
      );
    }
    const held = this.perSigner.get(envelope.signerKey) ?? 0;
    if (held >= Math.max(1, Math.floor(this.limits.envelopesMax / SIGNER_SHARE))) {
      return reject('pool_full', `${String(held)} envelopes of ${envelope.signerKey} wait already`);
    }
    this.insert(envelope);
    return undefined;
  }

  /** The envelope with that id, if it waits here. */
  get(id: Digest): Envelope | undefined {
    return this.entries.get(id)?.envelope;
  }

  /** Where it was proposed; undefined when it waits for that, or is not here. */
  proposedAt(id: Digest): Sequence | undefined {
    return this.entries.get(id)?.proposedAt;
  }

  /** Longest waiting envelope, proposed or not: the one that the progress timer belongs to (Spec §3). */
  oldest(): Digest | undefined {
    return this.entries.keys().next().value;
  }

  /** Ids of the longest waiting envelopes. */
  oldestIds(max: number): Digest[] {
    const ids: Digest[] = [];
    for (const id of this.entries.keys()) {
      if (ids.length >= max) break;
      ids.push(id);
    }
    return ids;
  }

  /**
   * Envelopes for the next batch, at least one when any waits: first some of the oldest, then by priority. They count as
   * proposed at `sequence` from now on.
   */
  take(sequence: Sequence, requestsMax: number, bytesMax: number): Envelope[] {
    const taken: Envelope[] = [];
    let requests = 0;
    let bytes: number = BATCH_OVERHEAD_BYTES.batch;
    const tryTake = (entry: Entry, budget: number): boolean => {
      const { envelope } = entry;
      const size = envelope.bytes.length + BATCH_OVERHEAD_BYTES.envelope;
      if (bytes + size > bytesMax || (taken.length > 0 && requests + envelope.requests.length > budget)) return false;
      taken.push(envelope);
      requests += envelope.requests.length;
      bytes += size;
      this.propose(entry, sequence);
      return true;
    };
    for (const entry of this.entries.values()) {
      if (requests >= requestsMax / OLDEST_SHARE) break;
      if (entry.proposedAt === undefined && !tryTake(entry, requestsMax)) break;
    }
    for (let priority = PRIORITIES.length - 1; priority >= 0; priority--) {
      for (const entry of this.unproposed[priority]?.values() ?? []) {
        if (requests >= requestsMax || !tryTake(entry, requestsMax)) return taken;
      }
    }
    return taken;
  }

  /** An envelope stands in a proposal that this member accepted: from now on it waits for its execution, whatever the bounds say. */
  noteProposed(envelope: Envelope, sequence: Sequence): void {
    const entry = this.entries.get(envelope.id) ?? this.insert(envelope);
    this.propose(entry, sequence);
  }

  /** Forgets where envelopes were proposed: a new view starts over. */
  unproposeAll(): void {
    for (const queue of this.unproposed) queue.clear();
    for (const [id, entry] of this.entries) {
      entry.proposedAt = undefined;
      this.unproposed[entry.priority]?.set(id, entry);
    }
  }

  /** An executed envelope waits no longer. */
  remove(id: Digest): void {
    const entry = this.entries.get(id);
    if (entry === undefined) return;
    this.entries.delete(id);
    this.unproposed[entry.priority]?.delete(id);
    this.heldBytes -= entry.envelope.bytes.length;
    const key = entry.envelope.signerKey;
    const held = (this.perSigner.get(key) ?? 1) - 1;
    if (held > 0) this.perSigner.set(key, held);
    else this.perSigner.delete(key);
  }

  private insert(envelope: Envelope): Entry {
    const entry: Entry = { envelope, priority: envelopePriority(envelope), proposedAt: undefined };
    this.entries.set(envelope.id, entry);
    this.unproposed[entry.priority]?.set(envelope.id, entry);
    this.heldBytes += envelope.bytes.length;
    this.perSigner.set(envelope.signerKey, (this.perSigner.get(envelope.signerKey) ?? 0) + 1);
    return entry;
  }

  private propose(entry: Entry, sequence: Sequence): void {
    entry.proposedAt = sequence;
    this.unproposed[entry.priority]?.delete(entry.envelope.id);
  }
}
