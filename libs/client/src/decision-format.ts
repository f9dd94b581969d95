import { type Digest, type Sequence, type View } from '@concordat/protocol';
import { CertificateFault, Fields } from './json-fields';
import { readSignatures, type NamedSignature, type ReadSignature } from './named-signatures';

/** Name and version of the form of a decision certificate. */
export const DECISION_FORMAT = 'concordat.decision.v1';

/** A decision certificate as a JSON value: portable, and provable with the genesis alone (Spec §9). Fields stand in this order. */
export interface DecisionCertificate {
  readonly format: typeof DECISION_FORMAT;
  /** Hash of the genesis, hex. */
  readonly swarm_id: string;
  readonly epoch: number;
  /** Hash of the epoch's table, hex. */
  readonly table_hash: string;
  /** View in which the members committed. */
  readonly view: number;
  readonly sequence: number;
  readonly proposal_id: string;
  /** Place of the request in its envelope, from 0. */
  readonly request_index: number;
  /** Canonical bytes of the signed envelope, base64url. */
  readonly envelope: string;
  readonly batch: DecisionBatch;
  /** What the members committed, hex. */
  readonly batch_digest: string;
  /** A quorum of COMMITs, in the order of the epoch's table. */
  readonly commits: readonly NamedSignature[];
  /** The request's value, for readers: derived from `envelope`, and refused where it differs. */
  readonly decided_value?: unknown;
}

/** Where the envelope stands in its batch. */
export interface DecisionBatch {
  /** Envelopes in the batch. */
  readonly count: number;
  /** Place of the envelope, from 0. */
  readonly index: number;
  /** The batch's time, milliseconds since 1970. */
  readonly time: number;
  /** Sibling hashes from the envelope's leaf to the root, hex. */
  readonly path: readonly string[];
  /** Sibling hashes from the leaf of time and count to the root, hex: without it `count` would be anybody's word. */
  readonly header_path: readonly string[];
}

/** A certificate whose form was checked, with its binary fields decoded. */
export interface ReadDecision {
  readonly swarmId: string;
  readonly epoch: number;
  readonly tableHash: string;
  readonly view: View;
  readonly sequence: Sequence;
  readonly proposalId: string;
  readonly requestIndex: number;
  readonly envelope: Uint8Array;
  readonly batch: {
    readonly count: number;
    readonly index: number;
    readonly time: number;
    readonly path: readonly Uint8Array[];
    readonly headerPath: readonly Uint8Array[];
  };
  readonly batchDigest: Digest;
  readonly commits: readonly ReadSignature[];
  /** Absent when the certificate carries no value. */
  readonly carried?: { readonly value: unknown };
}

const KEYS = [
  'format',
  'swarm_id',
  'epoch',
  'table_hash',
  'view',
  'sequence',
  'proposal_id',
  'request_index',
  'envelope',
  'batch',
  'batch_digest',
  'commits',
];
const BATCH_KEYS = ['count', 'index', 'time', 'path', 'header_path'];
/** A batch has fewer than 2^16 envelopes. */
const PATH_MAX = 17;

/** Checks a certificate's form, strictly: unknown and missing keys are refused. Throws a CertificateFault. */
export function readDecision(value: unknown, membersMax: number): ReadDecision {
  const fields = new Fields(value, '', KEYS, ['decided_value']);
  if (fields.get('format') !== DECISION_FORMAT) throw new CertificateFault(`format must be ${DECISION_FORMAT}`);
  const batch = new Fields(fields.get('batch'), 'batch', BATCH_KEYS);
  return {
    swarmId: fields.digest('swarm_id'),
    epoch: fields.count('epoch'),
    tableHash: fields.digest('table_hash'),
    view: fields.count('view') as View,
    sequence: fields.count('sequence', 1) as Sequence,
    proposalId: fields.text('proposal_id'),
    requestIndex: fields.count('request_index'),
    envelope: fields.bytes('envelope'),
    batch: {
      count: batch.count('count', 1),
      index: batch.count('index'),
      time: batch.count('time'),
      path: batch.hashes('path', PATH_MAX),
      headerPath: batch.hashes('header_path', PATH_MAX),
    },
    batchDigest: fields.digest('batch_digest'),
    commits: readSignatures(fields, 'commits', 'commits', membersMax),
    ...(fields.has('decided_value') ? { carried: { value: fields.get('decided_value') } } : {}),
  };
}
