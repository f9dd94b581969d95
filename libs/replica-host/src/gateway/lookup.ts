import type { EnvelopeProgress } from '@concordat/consensus';
import {
  parseProposalId,
  type Digest,
  type Envelope,
  type ProposalKey,
  type Request,
  OUTCOMES,
} from '@concordat/protocol';
import { DURATION_UNKNOWN, type DecisionRecord } from '@concordat/records';
import type { ExecutedEnvelope, Proposals, SeenEnvelope } from './proposals';

/** Where a request stands in the log. */
export interface RequestPlace {
  readonly sequence: number;
  readonly envelopeIndex: number;
  readonly requestIndex: number;
}

/** Decisions that a member keeps, as far as answering needs them. */
export interface DecisionsView {
  /** The place that tells most about a signer's request; undefined when it was never ordered. */
  find(signerKey: string, nonce: bigint): Promise<RequestPlace | undefined>;
  get(sequence: number): Promise<DecisionRecord | undefined>;
  /** The newest decisions below `before` (default: all), newest first. */
  recent(limit: number, before?: number): Promise<readonly DecisionRecord[]>;
}

/** What became of a request. */
export type FinalStatus = 'decided' | 'expired' | 'rejected';

/** A request that was ordered and executed. */
export interface SettledRequest {
  readonly status: FinalStatus;
  readonly proposalId: string;
  readonly envelope: Envelope;
  readonly request: Request;
  readonly envelopeIndex: number;
  readonly requestIndex: number;
  /** Of the whole block. */
  readonly block: Pick<DecisionRecord, 'sequence' | 'logTime' | 'batch' | 'certificate'>;
  /** Milliseconds from this member's first sight of it; undefined when that was the decision itself. */
  readonly durationMs: number | undefined;
}

/** A request that waits in this member's pool. */
export interface ActiveRequest {
  readonly status: 'active';
  readonly proposalId: string;
  /** Id of its envelope, and its place there. */
  readonly envelopeId: Digest;
  readonly requestIndex: number;
  readonly progress: EnvelopeProgress;
  readonly proposer: string;
}

/** A request that was ordered, and whose decision this member has dropped. */
export interface PrunedRequest {
  readonly status: 'pruned';
  readonly proposalId: string;
  readonly sequence: number;
}

/** What a member can say about a proposal. */
export type Found = SettledRequest | ActiveRequest | PrunedRequest;

const STATUS_OF_OUTCOME = new Map<number, FinalStatus>([
  [OUTCOMES.decided, 'decided'],
  [OUTCOMES.expired, 'expired'],
  // A duplicate lost its nonce to another content, or it would have been found where it was decided.
  [OUTCOMES.duplicate, 'rejected'],
  [OUTCOMES.refused, 'rejected'],
  [OUTCOMES.invalid, 'rejected'],
]);

/** What became of a request, from the code in its block's outcomes. */
export const statusOf = (outcome: number | undefined): FinalStatus =>
  (outcome === undefined ? undefined : STATUS_OF_OUTCOME.get(outcome)) ?? 'rejected';

/** Outcomes of one envelope of a block. */
export function outcomesOf({ batch, outcomes }: DecisionRecord, envelopeIndex: number): Uint8Array {
  let start = 0;
  for (const { requests } of batch?.envelopes.slice(0, envelopeIndex) ?? []) start += requests.length;
  return outcomes.subarray(start, start + (batch?.envelopes[envelopeIndex]?.requests.length ?? 0));
}

/** A stored block's envelope as `Proposals` would have told of it; undefined for one that is not there. */
export function executedIn(record: DecisionRecord, envelopeIndex: number): ExecutedEnvelope | undefined {
  if (record.batch?.envelopes[envelopeIndex] === undefined) return undefined;
  const duration = record.durationsMs[envelopeIndex] ?? DURATION_UNKNOWN;
  return {
    block: record,
    envelopeIndex,
    outcomes: outcomesOf(record, envelopeIndex),
    durationMs: duration === DURATION_UNKNOWN ? undefined : duration,
  };
}

/** One request of an executed envelope; undefined for one that is not there. */
export function settledRequest(
  executed: ExecutedEnvelope,
  requestIndex: number,
  nameOf: (envelope: Envelope, index: number) => string,
): SettledRequest | undefined {
  const { block, envelopeIndex, outcomes, durationMs } = executed;
  const envelope = block.batch?.envelopes[envelopeIndex];
  const request = envelope?.requests[requestIndex];
  if (envelope === undefined || request === undefined) return undefined;
  return {
    status: statusOf(outcomes[requestIndex]),
    proposalId: nameOf(envelope, requestIndex),
    envelope,
    request,
    envelopeIndex,
    requestIndex,
    block,
    durationMs,
  };
}

/** Name of whoever proposed: in the signer's words, else the signer. */
export const proposerOf = (signerKey: string, proposer: string): string =>
  proposer === '' ? signerKey.slice(2) : proposer;

/** Answers for any proposal id: what waits here first, then what was decided (any member answers for all). */
export class ProposalLookup {
  constructor(
    private readonly proposals: Proposals,
    private readonly decisions: DecisionsView,
    private readonly progressOf: (id: Digest) => EnvelopeProgress | undefined,
  ) {}

  /**
   * What became of a proposal; undefined for an id that this member knows nothing of, or that names another view than the
   * one in its signed envelope. Rejects when the store fails.
   */
  async find(proposalId: string): Promise<Found | undefined> {
    const key = parseProposalId(proposalId);
    if (key === undefined) return undefined;
    return this.active(proposalId, key) ?? (await this.settled(proposalId, key));
  }

  /** The envelope as this member executed it, for a client that hands it in once more; undefined when another one used its nonces. */
  async executionOf({ id, signerKey, firstNonce }: Envelope): Promise<ExecutedEnvelope | undefined> {
    const place = await this.decisions.find(signerKey, firstNonce);
    if (place === undefined) return undefined;
    const record = await this.decisions.get(place.sequence);
    if (record?.batch?.envelopes[place.envelopeIndex]?.id !== id) return undefined;
    return executedIn(record, place.envelopeIndex);
  }

  private active(proposalId: string, key: ProposalKey): ActiveRequest | undefined {
    for (const seen of this.proposals.find(key)) {
      const progress = this.progressOf(seen.id);
      if (progress === undefined) continue;
      const proposer = proposerOf(key.signerKey, proposerIn(seen, key.nonce));
      const requestIndex = Number(key.nonce - seen.firstNonce);
      return { status: 'active', proposalId, envelopeId: seen.id, requestIndex, progress, proposer };
    }
    return undefined;
  }

  private async settled(proposalId: string, key: ProposalKey): Promise<SettledRequest | PrunedRequest | undefined> {
    const place = await this.decisions.find(key.signerKey, key.nonce);
    if (place === undefined) return undefined;
    const record = await this.decisions.get(place.sequence);
    if (record === undefined) return { status: 'pruned', proposalId, sequence: place.sequence };
    const executed = executedIn(record, place.envelopeIndex);
    const settled = executed === undefined ? undefined : settledRequest(executed, place.requestIndex, () => proposalId);
    const signer = settled?.envelope.signer;
    const view = signer?.kind === 'gateway' ? signer.acceptedView : undefined;
    return view === key.acceptedView ? settled : undefined;
  }
}

function proposerIn({ proposers, firstNonce }: SeenEnvelope, nonce: bigint): string {
  return typeof proposers === 'string' ? proposers : (proposers[Number(nonce - firstNonce)] ?? '');
}
