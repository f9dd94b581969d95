import { UNDECIDED_MAX, type CommitChain, type Digest, type Sequence, type View } from '@concordat/protocol';
import { CertificateFault, Fields } from './json-fields';
import { readSignatures, type NamedSignature, type ReadSignature } from './named-signatures';

/** Name and version of the form of a decision certificate. */
export const DECISION_FORMAT = 'concordat.decision.v1';

/**
 * A decision certificate as a JSON value: portable, and provable with the genesis alone (Spec §9). Fields stand in this order;
 * those of the engine stand before `decided_value`.
 */
export type DecisionCertificate = CommittedDecision | ChainedDecision;

/** A decision of PBFT. */
export interface CommittedDecision extends DecisionPlace {
  /** A quorum of COMMITs, in the order of the epoch's table. */
  readonly commits: readonly NamedSignature[];
}

/** A decision of the linear engine. */
export interface ChainedDecision extends DecisionPlace {
  readonly chain: DecisionChain;
  /** A quorum of votes for the last block of the chain, in the order of the epoch's table. */
  readonly votes: readonly NamedSignature[];
}

/** The blocks below and above the decided one; heights and parents between follow from the order. */
export interface DecisionChain {
  /** What the decided block stands on: its view, and its digest in hex. */
  readonly parent: { readonly view: number; readonly digest: string };
  /** At least two, upwards; the last three of the decided block and these have consecutive views. */
  readonly above: readonly { readonly view: number; readonly batch_digest: string }[];
}

/** What is decided, and where. */
export interface DecisionPlace {
  readonly format: typeof DECISION_FORMAT;
  /** Hash of the genesis, hex. */
  readonly swarm_id: string;
  readonly epoch: number;
  /** Hash of the epoch's table, hex. */
  readonly table_hash: string;
  /** View in which the members committed; of the linear engine, in which the block was proposed. */
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
  /** Of the linear engine only. */
  readonly chain?: CommitChain;
  /** Field that the signatures stand in. */
  readonly signed: 'commits' | 'votes';
  readonly signatures: readonly ReadSignature[];
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
];
const PBFT_KEYS = ['commits'];
const CHAINED_KEYS = ['chain', 'votes'];
const BATCH_KEYS = ['count', 'index', 'time', 'path', 'header_path'];
/** A batch has fewer than 2^16 envelopes. */
const PATH_MAX = 17;

function readChain(value: unknown): CommitChain {
  const fields = new Fields(value, 'chain', ['parent', 'above']);
  const parent = new Fields(fields.get('parent'), 'chain.parent', ['view', 'digest']);
  const above = fields.list('above', UNDECIDED_MAX).map((item, index) => {
    const block = new Fields(item, `chain.above[${String(index)}]`, ['view', 'batch_digest']);
    return { view: block.count('view') as View, batch: block.digest('batch_digest') };
  });
  return { parent: { view: parent.count('view') as View, digest: parent.digest('digest') }, above };
}

/**
 * Checks a certificate's form, strictly: unknown and missing keys are refused, and those of both engines in one. Throws a
 * CertificateFault.
 */
export function readDecision(value: unknown, membersMax: number): ReadDecision {
  const chained = typeof value === 'object' && value !== null && Object.hasOwn(value, 'chain');
  const fields = new Fields(value, '', [...KEYS, ...(chained ? CHAINED_KEYS : PBFT_KEYS)], ['decided_value']);
  const signed = chained ? 'votes' : 'commits';
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
    ...(chained ? { chain: readChain(fields.get('chain')) } : {}),
    signed,
    signatures: readSignatures(fields, signed, signed, membersMax),
    ...(fields.has('decided_value') ? { carried: { value: fields.get('decided_value') } } : {}),
  };
}
