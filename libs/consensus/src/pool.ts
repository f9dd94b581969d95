import {
  BATCH_OVERHEAD_BYTES,
  envelopePriority,
  PRIORITIES,
  reject,
  type Authentic,
  type Digest,
  type Envelope,
  type MemberIndex,
  type Rejection,
  type Sequence,
} from '@concordat/protocol';

interface Entry {
  readonly envelope: Envelope;
  readonly priority: number;
  /** Member that brought it; undefined when it came inside a proposal. */
  readonly origin: MemberIndex | undefined;
  /** Where it was last proposed in the current view; undefined while it waits for a proposal. */
  proposedAt: Sequence | undefined;
}

/** Bounds of a pool. */
export interface PoolLimits {
  readonly envelopesMax: number;
  readonly bytesMax: number;
  /**
   * Members that bring envelopes. Each has an equal share: no member can crowd out the others, and what honest members
   * admit for their clients fits into every member's pool, so that no leader is left behind for want of room.
   */
  readonly members: number;
}

interface Share {
  envelopes: number;
  bytes: number;
}

/** Share of a batch that goes to the oldest envelopes, whatever their priority: nothing waits for ever behind urgent ones. */
const OLDEST_SHARE = 4;

/** Envelopes that are known here and not yet executed, in order of arrival. Both engines draw their batches from it. */
export class Pool {
  private readonly entries = new Map<Digest, Entry>();
  /** Those without a proposal, by priority, each in order of arrival. */
  private readonly unproposed: readonly Map<Digest, Entry>[] = PRIORITIES.map(() => new Map<Digest, Entry>());
  /** Those that another member missed for long: they go first, in every other batch. */
  private readonly overdue = new Map<Digest, Entry>();
  private readonly shares = new Map<MemberIndex, Share>();
  private heldBytes = 0;
  private unproposedRequests = 0;
  private unproposedBytes = 0;

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

  /** True while at least one batch of that size could be filled with what waits for a proposal. */
  fills(requestsMax: number, bytesMax: number): boolean {
    return this.unproposedRequests >= requestsMax || this.unproposedBytes >= bytesMax;
  }

  /** Takes in an envelope that `origin` brought; a Rejection when it is known or there is no room. */
  admit(envelope: Authentic, origin: MemberIndex): Rejection | undefined {
    if (this.entries.has(envelope.id)) return reject('redundant', 'the envelope waits already');
    const { envelopesMax, bytesMax, members } = this.limits;
    const share = this.shares.get(origin) ?? { envelopes: 0, bytes: 0 };
    const full =
      (share.envelopes + 1) * members > Math.max(envelopesMax, members) ||
      // One envelope of any legal size fits into an empty share.
      (share.envelopes > 0 && (share.bytes + envelope.bytes.length) * members > bytesMax);
    if (full) {
      const held = `${String(share.envelopes)} envelopes, ${String(share.bytes)} bytes`;
      return reject('pool_full', `${held} that member ${String(origin)} brought wait already`);
    }
    this.insert(envelope, origin);
    return undefined;
  }

  /**
   * Takes in an envelope that waited in the pool of the epoch before. It was admitted there, so it waits on for its outcome,
   * also where a larger committee leaves each member a smaller share; that member brings nothing new until it has room.
   */
  takeOver(envelope: Authentic, origin: MemberIndex): void {
    if (!this.entries.has(envelope.id)) this.insert(envelope, origin);
  }

  /** Another member has waited for that envelope for long, and its timer runs: it goes into the next batch. */
  expedite(id: Digest): void {
    const entry = this.entries.get(id);
    if (entry !== undefined && entry.proposedAt === undefined) this.overdue.set(id, entry);
  }

  /** The envelope with that id, if it waits here. */
  get(id: Digest): Envelope | undefined {
    return this.entries.get(id)?.envelope;
  }

  /** Everything that waits, the longest waiting first, with the member that brought it. */
  all(): { readonly envelope: Authentic; readonly origin: MemberIndex | undefined }[] {
    return [...this.entries.values()].map(({ envelope, origin }) => ({ envelope: envelope as Authentic, origin }));
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
   * Envelopes for the next batch, at least one when any waits: first what another member missed for long and some of the
   * oldest, then by priority. They count as proposed at `sequence` from now on.
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
    const takeOverdue = (): void => {
      for (const entry of this.overdue.values()) if (requests >= requestsMax || !tryTake(entry, requestsMax)) return;
    };
    const takeOldest = (): void => {
      const limit = requests + requestsMax / OLDEST_SHARE;
      for (const entry of this.entries.values()) {
        if (requests >= Math.min(limit, requestsMax)) return;
        if (entry.proposedAt === undefined && !tryTake(entry, requestsMax)) return;
      }
    };
    // In turn: whoever says to miss envelopes without end holds up the oldest for one batch only, and they it.
    const isOldestsTurn = sequence % 2 === 0;
    if (isOldestsTurn) takeOldest();
    takeOverdue();
    if (!isOldestsTurn) takeOldest();
    for (let priority = PRIORITIES.length - 1; priority >= 0; priority--) {
      for (const entry of this.unproposed[priority]?.values() ?? []) {
        if (requests >= requestsMax || !tryTake(entry, requestsMax)) return taken;
      }
    }
    return taken;
  }

  /** An envelope stands in a proposal that this member accepted: from now on it waits for its execution, whatever the bounds say. */
  noteProposed(envelope: Envelope, sequence: Sequence): void {
    const entry = this.entries.get(envelope.id) ?? this.insert(envelope, undefined);
    this.propose(entry, sequence);
  }

  /** Forgets where envelopes were proposed: a new view starts over. */
  unproposeAll(): void {
    for (const queue of this.unproposed) queue.clear();
    this.unproposedRequests = 0;
    this.unproposedBytes = 0;
    for (const entry of this.entries.values()) this.queue(entry);
  }

  /** Forgets proposals up to a sequence that is over: what is still here was not executed there. */
  unproposeThrough(sequence: Sequence): void {
    for (const entry of this.entries.values())
      if (entry.proposedAt !== undefined && entry.proposedAt <= sequence) this.queue(entry);
  }

  /** Drops envelopes that nobody waits for any more. */
  removeWhere(isNeedless: (envelope: Envelope) => boolean): void {
    for (const [id, { envelope }] of this.entries) if (isNeedless(envelope)) this.remove(id);
  }

  /** An executed envelope waits no longer. */
  remove(id: Digest): void {
    const entry = this.entries.get(id);
    if (entry === undefined) return;
    this.entries.delete(id);
    this.leave(entry);
    this.heldBytes -= entry.envelope.bytes.length;
    const share = entry.origin === undefined ? undefined : this.shares.get(entry.origin);
    if (share === undefined) return;
    share.envelopes--;
    share.bytes -= entry.envelope.bytes.length;
  }

  private insert(envelope: Envelope, origin: MemberIndex | undefined): Entry {
    const entry: Entry = { envelope, priority: envelopePriority(envelope), origin, proposedAt: undefined };
    this.entries.set(envelope.id, entry);
    this.queue(entry);
    this.heldBytes += envelope.bytes.length;
    if (origin !== undefined) {
      const share = this.shares.get(origin) ?? { envelopes: 0, bytes: 0 };
      share.envelopes++;
      share.bytes += envelope.bytes.length;
      this.shares.set(origin, share);
    }
    return entry;
  }

  private propose(entry: Entry, sequence: Sequence): void {
    this.leave(entry);
    entry.proposedAt = sequence;
  }

  /** The entry waits for a proposal. */
  private queue(entry: Entry): void {
    entry.proposedAt = undefined;
    this.unproposed[entry.priority]?.set(entry.envelope.id, entry);
    this.unproposedRequests += entry.envelope.requests.length;
    this.unproposedBytes += entry.envelope.bytes.length;
  }

  /** The entry waits for a proposal no more, if it did. */
  private leave({ envelope, priority }: Entry): void {
    this.overdue.delete(envelope.id);
    if (this.unproposed[priority]?.delete(envelope.id) !== true) return;
    this.unproposedRequests -= envelope.requests.length;
    this.unproposedBytes -= envelope.bytes.length;
  }
}
