import { followsPlan, planNewView, type Evidence, type Judge, type SignedStatement } from '@concordat/consensus';
import {
  contradict,
  encodePayload,
  LayoutError,
  payloadDigest,
  Reader,
  statementBytes,
  wireLimits,
  type Committee,
  type Digest,
  type Epoch,
  type Epochs,
  type Hash,
  type Signed,
  type Statement,
} from '@concordat/protocol';
import { decodeEvidence, type LimitsOfEpoch } from './evidence-record';

/** What a judge judges by. */
export interface EvidenceJudgeOptions {
  readonly swarmId: Digest;
  readonly hash: Hash;
  /** True for a signature that was made with that key over those bytes. */
  readonly verify: Judge['verify'];
}

/** Judges approvals and proofs inside system requests: pure functions of bytes, keys and tables. */
export function createEvidenceJudge({ swarmId, hash, verify }: EvidenceJudgeOptions): Judge {
  const verifyBy =
    (committee: Committee) =>
    ({ statement, signature }: SignedStatement): boolean => {
      const member = committee.member(statement.sender);
      if (member === undefined || statement.epoch !== committee.epoch) return false;
      const signed = statementBytes({ swarmId, tableHash: committee.hash }, statement);
      return verify(member.publicKey, signed, signature);
    };
  return {
    verify,
    proves(epochs, current, proof, accused) {
      const evidence = readEvidence(hash, proof, limitsAt(epochs, current));
      if (evidence === undefined) return false;
      const epoch = epochOf(evidence);
      const committee = epochs.of(epoch);
      if (committee === undefined || epoch > current || epoch + 1 < current) return false;
      if (committee.member(evidence.accused)?.nodeId !== accused) return false;
      return evidence.kind === 'equivocation'
        ? isEquivocation(evidence, verifyBy(committee))
        : isContradictory(hash, evidence, committee, verifyBy(committee));
    },
  };
}

/**
 * Bounds by the two epochs that a proof may be about, which everybody knows who executes in `current`. Later ones only some
 * know by then: with theirs, members would judge one proof differently.
 */
const limitsAt =
  (epochs: Epochs, current: Epoch): LimitsOfEpoch =>
  (epoch) => {
    const table = epoch === current || epoch + 1 === current ? epochs.of(epoch)?.table : undefined;
    return table === undefined ? undefined : wireLimits(table);
  };

function readEvidence(hash: Hash, bytes: Uint8Array, limits: LimitsOfEpoch): Evidence | undefined {
  try {
    return decodeEvidence(hash, new Reader(bytes), limits);
  } catch (error) {
    if (error instanceof LayoutError) return undefined;
    throw error;
  }
}

const epochOf = (evidence: Evidence): Epoch =>
  evidence.kind === 'equivocation' ? evidence.first.statement.epoch : evidence.newView.epoch;

type Holds = (signed: SignedStatement) => boolean;

function isEquivocation(
  { first, second, accused }: Extract<Evidence, { kind: 'equivocation' }>,
  holds: Holds,
): boolean {
  const [a, b] = [first.statement, second.statement];
  return a.sender === accused && contradict(a, b) && holds(first) && holds(second);
}

/** Only signed parts convict: the NEW-VIEW and the VIEW-CHANGEs that it names, each as its sender signed it. */
function isContradictory(
  hash: Hash,
  { newView, viewChanges, accused }: Extract<Evidence, { kind: 'contradictory-new-view' }>,
  { table }: Committee,
  holds: Holds,
): boolean {
  const isSigned = (message: Signed): boolean =>
    payloadDigest(hash, message, encodePayload(message)) === message.digest &&
    holds({ statement: statementOf(message), signature: message.signature });
  if (newView.sender !== accused || !isSigned(newView)) return false;
  const parts = viewChanges.filter((message) => message.kind === 'viewChange');
  const named = new Set(newView.viewChanges.map(({ sender, digest }) => `${String(sender)} ${digest}`));
  const complete =
    parts.length === viewChanges.length &&
    parts.length === named.size &&
    new Set(parts.map((part) => part.digest)).size === parts.length;
  if (!complete) return false;
  for (const part of parts) {
    if (part.view !== newView.view || part.epoch !== newView.epoch) return false;
    if (!named.has(`${String(part.sender)} ${part.digest}`) || !isSigned(part)) return false;
  }
  return !followsPlan(newView.entries, planNewView(parts, table.baseSequence));
}

function statementOf({ kind, epoch, view, sequence, digest, sender }: Signed): Statement {
  return { kind, epoch, view, sequence, digest, sender };
}
