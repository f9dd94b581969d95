import {
  proposalId,
  toBase64Url,
  toHex,
  type Batch,
  type CommitCertificate,
  type Committee,
  type Digest,
  type Envelope,
  type Hash,
} from '@concordat/protocol';
import { BatchTree } from './batch-tree';
import { namedSignatures } from './named-signatures';
import { DECISION_FORMAT, type DecisionCertificate, type DecisionPlace } from './decision-format';

/** What a decision certificate is made of. */
export interface DecisionParts {
  readonly hash: Hash;
  readonly committee: Committee;
  readonly swarmId: Digest;
  readonly certificate: CommitCertificate;
  readonly batch: Batch;
  /** Place of the envelope in the batch. */
  readonly envelopeIndex: number;
  /** Place of the request in the envelope. */
  readonly requestIndex: number;
}

/** What several certificates of one batch share: each waiting caller gets one, and they come in crowds. */
const trees = new WeakMap<Batch, BatchTree>();
const envelopeTexts = new WeakMap<Envelope, string>();

function remembered<K extends object, V>(memory: WeakMap<K, V>, key: K, make: () => V): V {
  let value = memory.get(key);
  if (value === undefined) {
    value = make();
    memory.set(key, value);
  }
  return value;
}

/**
 * Builds the portable proof that a request was decided (Spec §9). Throws a RangeError for a request that is not in the batch,
 * and for a signer that is not in the table.
 */
export function buildDecisionCertificate(parts: DecisionParts): DecisionCertificate {
  const { hash, committee, swarmId, certificate, batch, envelopeIndex, requestIndex } = parts;
  const envelope = batch.envelopes[envelopeIndex];
  if (envelope?.requests[requestIndex] === undefined)
    throw new RangeError(`no request ${String(requestIndex)} in envelope ${String(envelopeIndex)} of the batch`);
  const tree = remembered(trees, batch, () => new BatchTree(hash, batch));
  const signatures = namedSignatures(committee, certificate.signatures);
  const place: DecisionPlace = {
    format: DECISION_FORMAT,
    swarm_id: swarmId,
    epoch: committee.epoch,
    table_hash: committee.hash,
    view: certificate.view,
    sequence: certificate.sequence,
    proposal_id: proposalId(envelope, requestIndex),
    request_index: requestIndex,
    envelope: remembered(envelopeTexts, envelope, () => toBase64Url(envelope.bytes)),
    batch: {
      count: batch.envelopes.length,
      index: envelopeIndex,
      time: batch.time,
      path: tree.pathOf(envelopeIndex + 1).map(toHex),
      header_path: tree.pathOf(0).map(toHex),
    },
    batch_digest: batch.digest,
  };
  const { chain } = certificate;
  if (chain === undefined) return { ...place, commits: signatures };
  const above = chain.above.map((block) => ({ view: block.view, batch_digest: block.batch }));
  return {
    ...place,
    chain: { parent: { view: chain.parent.view, digest: chain.parent.digest }, above },
    votes: signatures,
  };
}

/** A certificate as the text of a file: JSON, indented by two, with a line feed at the end. */
export const decisionText = (certificate: DecisionCertificate): string => `${JSON.stringify(certificate, null, 2)}\n`;
