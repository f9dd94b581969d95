import type { CommittedBlock, RequestedChange } from '@concordat/consensus';
import type { Digest, Envelope, Millis, ProposalKey, View } from '@concordat/protocol';
import { DURATION_UNKNOWN } from '@concordat/records';
import { lastDeadline } from './nonce-span';

/** An envelope that was decided and executed, as this member saw it. */
export interface ExecutedEnvelope {
  readonly block: Pick<CommittedBlock, 'sequence' | 'logTime' | 'batch' | 'certificate'>;
  /** Place of the envelope in the block's batch. */
  readonly envelopeIndex: number;
  /** One OUTCOMES code per request of the envelope. */
  readonly outcomes: Uint8Array;
  /** Milliseconds since it came to this member; undefined when it came with its decision. */
  readonly durationMs: number | undefined;
  /** What its system requests came to, by their place in the envelope; absent when it was read back from the store. */
  readonly changes?: readonly RequestedChange[];
}

/** An envelope that was handed in at this member. */
export interface Submission {
  readonly envelope: Envelope;
  /** Set once it is executed. */
  readonly executed: ExecutedEnvelope | undefined;
}

/** What is kept of an envelope that may wait in this member's pool. */
export interface SeenEnvelope {
  readonly id: Digest;
  readonly firstNonce: bigint;
  readonly count: number;
  readonly acceptedView: View | undefined;
  /** Of each request; one text when all are the same. */
  readonly proposers: string | readonly string[];
}

/** Bounds of the registry. */
export interface ProposalsLimits {
  /** Envelopes that are remembered as possibly active. The oldest go first. */
  readonly seenMax: number;
  /** Callers that wait for a decision. */
  readonly waitersMax: number;
}

interface Waiter {
  readonly deadline: Millis;
  readonly settle: (executed: ExecutedEnvelope | undefined) => void;
}

class OpenSubmission implements Submission {
  executed: ExecutedEnvelope | undefined;
  readonly waiters = new Set<Waiter>();
  readonly expiresAt: Millis;

  constructor(readonly envelope: Envelope) {
    this.expiresAt = lastDeadline(envelope);
  }
}

/** Weight of the newest block in the moving estimate of a decision's duration. */
const NEWEST_SHARE = 0.2;

const proposersOf = ({ requests }: Envelope): string | string[] => {
  const first = requests[0]?.proposer ?? '';
  return requests.every(({ proposer }) => proposer === first) ? first : requests.map(({ proposer }) => proposer);
};

/**
 * What this member knows of proposals that are not decided yet, its own and others', and who waits for them. Bounded:
 * beyond the bounds a proposal is only found once it is decided, and nobody may wait any more.
 */
export class Proposals {
  private readonly submissions = new Map<Digest, OpenSubmission>();
  /** In order of arrival. */
  private readonly seen = new Map<Digest, SeenEnvelope & { readonly signerKey: string }>();
  private readonly bySigner = new Map<string, Map<Digest, SeenEnvelope>>();
  private waiting = 0;
  private estimate: number | undefined;

  constructor(private readonly limits: ProposalsLimits) {}

  /** Moving average of the milliseconds from first sight to decision; undefined before the first one. */
  get estimatedMs(): number | undefined {
    return this.estimate;
  }

  /** Callers that wait now. */
  get waiters(): number {
    return this.waiting;
  }

  /** Envelopes that were handed in here and not executed yet. */
  get submitted(): number {
    return this.submissions.size;
  }

  /** Envelopes that are remembered as possibly active. */
  get size(): number {
    return this.seen.size;
  }

  /** An envelope came here, by a client, a relay or a proposal. It may be executed already: the replica's pool decides what is active. */
  note(envelope: Envelope): void {
    const { id, signerKey, signer, firstNonce, requests } = envelope;
    if (this.seen.has(id)) return;
    const acceptedView = signer.kind === 'gateway' ? signer.acceptedView : undefined;
    const entry = { id, signerKey, firstNonce, count: requests.length, acceptedView, proposers: proposersOf(envelope) };
    this.seen.set(id, entry);
    const ofSigner = this.bySigner.get(signerKey);
    if (ofSigner === undefined) this.bySigner.set(signerKey, new Map([[id, entry]]));
    else ofSigner.set(id, entry);
    if (this.seen.size > this.limits.seenMax) {
      const [oldest] = this.seen.keys();
      if (oldest !== undefined) this.forget(oldest);
    }
  }

  /** An envelope is about to be handed in here. The same one handed in twice is one submission. */
  open(envelope: Envelope): Submission {
    this.note(envelope);
    let submission = this.submissions.get(envelope.id);
    if (submission === undefined) {
      submission = new OpenSubmission(envelope);
      this.submissions.set(envelope.id, submission);
    }
    return submission;
  }

  /** The envelope was refused: nobody will ever hear of it. */
  drop(id: Digest): void {
    this.forget(id);
    const submission = this.submissions.get(id);
    this.submissions.delete(id);
    if (submission !== undefined) this.settle(submission, undefined);
  }

  /** False when as many callers wait as may. */
  get hasRoomForWaiter(): boolean {
    return this.waiting < this.limits.waitersMax;
  }

  /** Resolves when the submission is executed; with undefined when `deadline` passes before (see `sweep`), or it is dropped. */
  executionOf(submission: Submission, deadline: Millis): Promise<ExecutedEnvelope | undefined> {
    const open = this.submissions.get(submission.envelope.id);
    if (submission.executed !== undefined || open === undefined || !this.hasRoomForWaiter)
      return Promise.resolve(submission.executed);
    return new Promise((settle) => {
      open.waiters.add({ deadline, settle });
      this.waiting++;
    });
  }

  /** A block was executed. `durationsMs`: of each envelope, or DURATION_UNKNOWN. */
  onCommitted(block: CommittedBlock, durationsMs: readonly number[]): void {
    let start = 0;
    let sum = 0;
    let known = 0;
    for (const [envelopeIndex, { id, requests }] of (block.batch?.envelopes ?? []).entries()) {
      const end = start + requests.length;
      const duration = durationsMs[envelopeIndex] ?? DURATION_UNKNOWN;
      const durationMs = duration === DURATION_UNKNOWN ? undefined : duration;
      if (durationMs !== undefined) {
        sum += durationMs;
        known++;
      }
      this.forget(id);
      const submission = this.submissions.get(id);
      if (submission !== undefined) {
        const from = start;
        const changes = block.changes
          .filter(({ request }) => request >= from && request < end)
          .map((change) => ({ ...change, request: change.request - from }));
        const outcomes = block.outcomes.subarray(start, end);
        submission.executed = { block, envelopeIndex, outcomes, durationMs, changes };
        this.submissions.delete(id);
        this.settle(submission, submission.executed);
      }
      start = end;
    }
    if (known > 0) this.estimate = average(this.estimate, sum / known);
  }

  /**
   * Sends callers home whose deadline has passed, and gives up submissions that nobody waits for once they have expired: not
   * every one comes to its execution here. Called now and then: a timer for each would cost more than it is worth.
   */
  sweep(now: Millis): void {
    for (const [id, submission] of this.submissions) {
      for (const waiter of submission.waiters) {
        if (waiter.deadline > now) continue;
        submission.waiters.delete(waiter);
        this.waiting--;
        waiter.settle(undefined);
      }
      if (submission.waiters.size === 0 && submission.expiresAt < now) this.submissions.delete(id);
    }
  }

  /** Sends every caller home: the member stops. */
  close(): void {
    for (const submission of this.submissions.values()) this.settle(submission, undefined);
  }

  /** Envelopes of that signer which hold the nonce, in order of arrival. */
  find({ signerKey, nonce, acceptedView }: ProposalKey): SeenEnvelope[] {
    const found: SeenEnvelope[] = [];
    for (const entry of this.bySigner.get(signerKey)?.values() ?? []) {
      const inside = nonce >= entry.firstNonce && nonce < entry.firstNonce + BigInt(entry.count);
      if (inside && entry.acceptedView === acceptedView) found.push(entry);
    }
    return found;
  }

  private settle(submission: OpenSubmission, executed: ExecutedEnvelope | undefined): void {
    this.waiting -= submission.waiters.size;
    for (const waiter of submission.waiters) waiter.settle(executed);
    submission.waiters.clear();
  }

  private forget(id: Digest): void {
    const entry = this.seen.get(id);
    if (entry === undefined) return;
    this.seen.delete(id);
    const ofSigner = this.bySigner.get(entry.signerKey);
    ofSigner?.delete(id);
    if (ofSigner?.size === 0) this.bySigner.delete(entry.signerKey);
  }
}

const average = (before: number | undefined, newest: number): number =>
  before === undefined ? newest : before + (newest - before) * NEWEST_SHARE;
