import { buildDecisionCertificate, type DecisionCertificate, presentJson } from '@concordat/client';
import { type EnvelopeProgress } from '@concordat/consensus';
import { nativeHash } from '@concordat/crypto';
import { type Digest, type EngineName, type Epochs } from '@concordat/protocol';
import {
  type ActiveRequest,
  type Found,
  proposerOf,
  type PrunedRequest,
  type SettledRequest,
} from '@concordat/replica-host';

/** Answer of propose: the proposal is in the pool. */
export interface AcceptedAnswer {
  readonly proposal_id: string;
  readonly current_view: number;
  readonly leader_node: string;
  readonly estimated_time_ms: number;
  /** Members in a quorum; their least weight where votes are weighted. */
  readonly quorum_required: number;
}

/** Answer of consensus for a decided proposal. */
export interface DecidedAnswer {
  readonly proposal_id: string;
  readonly status: 'decided';
  readonly decided_value: unknown;
  /** From this member's first sight of it; null when it came here with its decision. */
  readonly duration_ms: number | null;
  readonly view: number;
  readonly votes_received: number;
  /** Members with a proof on record, never suspects. */
  readonly byzantine_detected: readonly string[];
  readonly certificate: DecisionCertificate;
}

/** Answer of consensus for any other proposal. */
export interface UndecidedAnswer {
  readonly proposal_id: string;
  readonly status: 'active' | 'expired' | 'rejected';
  /** As the engine goes, in small letters: README says which. */
  readonly current_phase: string;
  readonly votes_by_phase: Readonly<Record<string, number>>;
  readonly view: number;
  readonly proposer: string;
}

/** One decision in the history. */
export interface HistoryEntry {
  readonly proposal_id: string;
  readonly decided_value: unknown;
  readonly view: number;
  readonly duration_ms: number | null;
  readonly vote_count: number;
  readonly byzantine_detected: readonly string[];
  /** Log time. */
  readonly timestamp: string;
}

/** What answers are made with. */
export interface AnswerContext {
  readonly epochs: Epochs;
  readonly swarmId: Digest;
  readonly byzantine: readonly string[];
}

function decidedAnswer(settled: SettledRequest, { epochs, swarmId, byzantine }: AnswerContext): DecidedAnswer {
  const { proposalId, request, block, durationMs, envelopeIndex, requestIndex } = settled;
  const { batch, certificate } = block;
  if (batch === undefined) throw new RangeError(`decision ${block.sequence} has no batch`);
  return {
    proposal_id: proposalId,
    status: 'decided',
    decided_value: presentJson(request.value),
    duration_ms: durationMs ?? null,
    view: certificate.view,
    votes_received: certificate.signatures.length,
    byzantine_detected: byzantine,
    certificate: buildDecisionCertificate({
      hash: nativeHash,
      committee: epochs.at(certificate.sequence),
      swarmId,
      certificate,
      batch,
      envelopeIndex,
      requestIndex,
    }),
  };
}

/** Phases of a block of HotStuff until it is decided: each ends with the certificate of one block more on top (Spec §4). */
const LINEAR_PHASES = ['prepare', 'pre-commit', 'commit'] as const;

/**
 * Votes of each phase that are known here. Those of the phase that a block of HotStuff is in are known to the leader of the
 * next view alone, and `voters` are then whose votes ended the phase before.
 */
function votesByPhase({ phase, votes, voters }: EnvelopeProgress, engine: EngineName): Record<string, number> {
  if (engine === 'pbft') return { 'pre-prepare': votes.prePrepare, prepare: votes.prepare, commit: votes.commit };
  const at = phase === 'decided' ? LINEAR_PHASES.length : LINEAR_PHASES.findIndex((each) => each === phase);
  const counted = LINEAR_PHASES.map((each, index) => [each, index < at || each === 'prepare' ? voters.length : 0]);
  return Object.fromEntries(counted) as Record<string, number>;
}

function activeAnswer({ proposalId, progress, proposer }: ActiveRequest, engine: EngineName): UndecidedAnswer {
  return {
    proposal_id: proposalId,
    status: 'active',
    current_phase: progress.phase,
    votes_by_phase: votesByPhase(progress, engine),
    view: progress.view,
    proposer,
  };
}

/** What became of a proposal, as consensus/{id} answers. */
export function consensusAnswer(
  found: Exclude<Found, PrunedRequest>,
  context: AnswerContext,
): DecidedAnswer | UndecidedAnswer {
  if (found.status === 'active') return activeAnswer(found, context.epochs.newest.table.engine);
  const { status, proposalId, envelope, request, block } = found;
  if (status === 'decided') return decidedAnswer({ ...found, status }, context);
  // Its place in the log was decided, but executing it came to nothing.
  return {
    proposal_id: proposalId,
    status,
    current_phase: 'decided',
    votes_by_phase: { commit: block.certificate.signatures.length },
    view: block.certificate.view,
    proposer: proposerOf(envelope.signerKey, request.proposer),
  };
}

/** One decision as the history lists it. */
export function historyEntry(settled: SettledRequest, byzantine: readonly string[]): HistoryEntry {
  const { proposalId, request, block, durationMs } = settled;
  return {
    proposal_id: proposalId,
    decided_value: presentJson(request.value),
    view: block.certificate.view,
    duration_ms: durationMs ?? null,
    vote_count: block.certificate.signatures.length,
    byzantine_detected: byzantine,
    timestamp: new Date(block.logTime).toISOString(),
  };
}
