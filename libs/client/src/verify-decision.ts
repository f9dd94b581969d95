import {
  checkCommitCertificate,
  decodeEnvelope,
  envelopeSigningBytes,
  LayoutError,
  MEMBERS_MAX,
  proposalId,
  swarmId,
  verifyEnvelopeInBatch,
  verifyMerklePath,
  wireLimits,
  digestBytes,
  type Category,
  type Committee,
  type Digest,
  type Epoch,
  type Epochs,
  type EpochTable,
  type Envelope,
  type Genesis,
  type Hash,
  type NodeId,
  type Priority,
  type Request,
  type VoteSignature,
} from '@concordat/protocol';
import { batchHeaderLeaf } from './batch-tree';
import { provenEpochs, type AcrossEpochs } from './epoch-chain';
import { readDecision, type ReadDecision } from './decision-format';
import { CertificateFault } from './json-fields';
import { presentJson, readJson, sameJson } from './json-value';
import { signersIn } from './named-signatures';
import { statementVerifier, type VerifierPrimitives } from './verifier';

/** What a certificate proves: that a quorum of its epoch's members decided this request at this place. */
export interface DecisionProof {
  readonly holds: true;
  readonly swarm: string;
  readonly swarm_id: string;
  readonly epoch: number;
  /** The epoch that the reader trusted without proof. */
  readonly trusted_epoch: number;
  readonly view: number;
  readonly sequence: number;
  readonly proposal_id: string;
  readonly decided_value: unknown;
  readonly category: Category;
  readonly priority: Priority;
  /** Who proposed in the signer's words, else the signer. */
  readonly proposer: string;
  readonly metadata?: unknown;
  /** Who signed the request: a gateway for somebody without a key, or a client by the hash of its key. */
  readonly signed_by: { readonly kind: 'gateway' | 'client'; readonly id: string };
  /** Members whose COMMITs or votes it carries; isolated ones are left out, for they count for nothing. */
  readonly committed_by: readonly NodeId[];
  readonly weight: number;
  readonly quorum_weight: number;
}

/** A certificate that proves nothing, and why. */
export interface DecisionRefusal {
  readonly holds: false;
  readonly reason: string;
}

/** Result of a verification. */
export type DecisionVerdict = DecisionProof | DecisionRefusal;

function must(condition: boolean, reason: string): asserts condition {
  if (!condition) throw new CertificateFault(reason);
}

function readEnvelope(bytes: Uint8Array, table: EpochTable, hash: Hash): Envelope {
  try {
    return decodeEnvelope(hash, bytes, wireLimits(table));
  } catch (error) {
    if (error instanceof LayoutError) throw new CertificateFault(`envelope: ${error.message}`);
    throw error;
  }
}

function checkEnvelopeSignature(
  envelope: Envelope,
  committee: Committee,
  swarm: Digest,
  { verifySignature }: VerifierPrimitives,
): void {
  const { signer } = envelope;
  let publicKey: Uint8Array | undefined;
  if (signer.kind === 'client') publicKey = signer.publicKey;
  else {
    const index = committee.indexOf(signer.nodeId);
    publicKey = index === undefined ? undefined : committee.member(index)?.publicKey;
    must(publicKey !== undefined, `envelope: gateway ${signer.nodeId} is not a member`);
  }
  const holds = verifySignature(publicKey, envelopeSigningBytes(swarm, envelope.bodyHash), envelope.signature);
  must(holds, `envelope: the signature of its ${signer.kind} does not hold`);
}

function checkPlace(envelope: Envelope, { batch, batchDigest }: ReadDecision, hash: Hash): void {
  const { count, index, time, path, headerPath } = batch;
  must(index < count, `batch.index ${String(index)} is not below batch.count ${String(count)}`);
  must(count <= 0xffff, `batch.count ${String(count)} is above 65535`);
  const header = verifyMerklePath(
    hash,
    batchHeaderLeaf(time, count),
    0,
    count + 1,
    headerPath,
    digestBytes(batchDigest),
  );
  must(header, 'batch: count and time are not those of batch_digest (header_path)');
  const placed = verifyEnvelopeInBatch(hash, envelope.id, { count, index, path }, batchDigest);
  must(placed, 'batch: the envelope does not stand at that index of batch_digest (path)');
}

function checkQuorum(
  read: ReadDecision,
  committee: Committee,
  swarm: Digest,
  primitives: VerifierPrimitives,
): VoteSignature[] {
  const { view, sequence, batchDigest: digest, chain, signed } = read;
  const signatures = signersIn(committee, signed, read.signatures);
  const certificate = { view, sequence, digest, signatures, ...(chain === undefined ? {} : { chain }) };
  const verify = statementVerifier(committee, swarm, primitives);
  const failed = checkCommitCertificate(committee, primitives.hash, certificate, verify);
  must(failed === undefined, `${signed}: ${failed?.reason ?? ''}`);
  return signatures;
}

const ends = ({ all, newest }: Epochs): string =>
  all.length === 1
    ? `no change of epochs leads there from the trusted epoch ${String(newest.epoch)}`
    : `the chain of epoch changes ends with epoch ${String(newest.epoch)}`;

/** The committee that decided, when the epoch is known and the sequence is one of its own. */
function committeeOf({ epoch, sequence, tableHash }: ReadDecision, epochs: Epochs): Committee {
  const [oldest] = epochs.all;
  must(
    oldest !== undefined && epoch >= oldest.epoch,
    `epoch ${String(epoch)} is before the trusted epoch ${String(oldest?.epoch)}`,
  );
  const committee = epochs.of(epoch as Epoch);
  must(committee !== undefined, `epoch ${String(epoch)} is not reached: ${ends(epochs)}`);
  must(tableHash === committee.hash, `table_hash is not that of epoch ${String(epoch)}, which is ${committee.hash}`);
  const { baseSequence } = committee.table;
  must(
    sequence > baseSequence,
    `sequence ${String(sequence)} is not above ${String(baseSequence)}, where epoch ${String(epoch)} begins`,
  );
  const end = epochs.of((epoch + 1) as Epoch)?.table.baseSequence;
  must(
    end === undefined || sequence <= end,
    `sequence ${String(sequence)} is beyond ${String(end)}, where epoch ${String(epoch)} ended`,
  );
  return committee;
}

function requestOf(envelope: Envelope, read: ReadDecision): Request {
  const request = envelope.requests[read.requestIndex];
  must(request !== undefined, `request_index ${String(read.requestIndex)} is not in the envelope`);
  const id = proposalId(envelope, read.requestIndex);
  must(id === read.proposalId, `proposal_id is not that of the request, which is ${id}`);
  if (read.carried !== undefined) {
    const value = readJson(request.value);
    must(value.ok && sameJson(value.value, read.carried.value), "decided_value is not the request's");
  }
  return request;
}

const votersOf = ({ signatures }: ReadDecision, committee: Committee): NodeId[] =>
  signatures
    .map(({ nodeId }) => nodeId)
    .filter((nodeId) => {
      const index = committee.indexOf(nodeId);
      return index !== undefined && committee.isVoter(index);
    });

function prove(
  certificate: unknown,
  genesis: Genesis,
  primitives: VerifierPrimitives,
  across: AcrossEpochs,
): DecisionProof {
  const { hash } = primitives;
  const swarm = swarmId(hash, genesis);
  const read = readDecision(certificate, MEMBERS_MAX);
  must(read.swarmId === swarm, `swarm_id is not that of the genesis, which is ${swarm}`);
  const epochs = provenEpochs(genesis, primitives, across);
  const committee = committeeOf(read, epochs);
  const envelope = readEnvelope(read.envelope, committee.table, hash);
  const request = requestOf(envelope, read);
  checkEnvelopeSignature(envelope, committee, swarm, primitives);
  checkPlace(envelope, read, hash);
  const signatures = checkQuorum(read, committee, swarm, primitives);
  const signer = envelope.signerKey.slice(2);
  return {
    holds: true,
    swarm: genesis.swarm,
    swarm_id: swarm,
    epoch: read.epoch,
    trusted_epoch: epochs.all[0]?.epoch ?? read.epoch,
    view: read.view,
    sequence: read.sequence,
    proposal_id: read.proposalId,
    decided_value: presentJson(request.value),
    category: request.category,
    priority: request.priority,
    proposer: request.proposer === '' ? signer : request.proposer,
    ...(request.metadata.length === 0 ? {} : { metadata: presentJson(request.metadata) }),
    signed_by: { kind: envelope.signer.kind, id: signer },
    committed_by: votersOf(read, committee),
    weight: committee.weightOf(signatures.map(({ sender }) => sender)),
    quorum_weight: committee.quorumWeight,
  };
}

/**
 * Verifies a decision certificate against the genesis that its reader trusts: pure, without network, the same in a browser.
 *
 * It recomputes all of it: swarm id and table hash from the genesis, the envelope's id and signature, the proposal id, the
 * Merkle paths, and a quorum of distinct members' signatures by weight: COMMITs, or of the linear engine votes for the last of
 * the blocks that stand on the decided one, each block's digest recomputed from the one below. For a certificate of a later epoch, `across` brings the chain
 * of epoch changes that leads there; where the chain shows that the certificate's epoch ended, nothing beyond its end holds.
 * It proves that the members decided the request at that place of the log; that executing it came to something else than a
 * repetition or a missed deadline is proven by a receipt, which this form does not carry. Never throws for what a certificate or a
 * chain holds; throws an EpochTableError for a genesis whose table is refused.
 */
export function verifyDecision(
  certificate: unknown,
  genesis: Genesis,
  primitives: VerifierPrimitives,
  across: AcrossEpochs = {},
): DecisionVerdict {
  try {
    return prove(certificate, genesis, primitives, across);
  } catch (error) {
    if (error instanceof CertificateFault) return { holds: false, reason: error.message };
    throw error;
  }
}

const isCanonicalText = (text: string, value: unknown): boolean => {
  const bare = text.endsWith('\n') ? text.slice(0, -1) : text;
  return bare === JSON.stringify(value) || bare === JSON.stringify(value, null, 2);
};

/**
 * Verifies a certificate as the text of a file. Beyond verifyDecision it refuses every other way to write the same
 * JSON (spaces, escapes, repeated keys), so that a changed byte anywhere makes it fail: compact or indented by two, with
 * or without a line feed at the end.
 */
export function verifyDecisionText(
  text: string,
  genesis: Genesis,
  primitives: VerifierPrimitives,
  across: AcrossEpochs = {},
): DecisionVerdict {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { holds: false, reason: 'not JSON' };
  }
  const verdict = verifyDecision(value, genesis, primitives, across);
  if (!verdict.holds || isCanonicalText(text, value)) return verdict;
  return { holds: false, reason: 'not written as JSON.stringify writes it (compact, or indented by two)' };
}
