import { fromBase64Url, fromHex, type Digest, type NodeId, type Sequence, type View } from '@concordat/protocol';

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
  readonly commits: readonly DecisionCommit[];
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

/** One member's COMMIT. */
export interface DecisionCommit {
  readonly node_id: string;
  /** base64url. */
  readonly signature: string;
}

/** Why a certificate does not hold. Does not leave this library. */
export class CertificateFault extends Error {
  override readonly name = 'CertificateFault';
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
  readonly commits: readonly { readonly nodeId: NodeId; readonly signature: Uint8Array }[];
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
const COMMIT_KEYS = ['node_id', 'signature'];
/** A batch has fewer than 2^16 envelopes. */
const PATH_MAX = 17;

/** One object's fields, each read by name and checked. */
export class Fields {
  private readonly values: Readonly<Record<string, unknown>>;

  constructor(
    value: unknown,
    private readonly path: string,
    required: readonly string[],
    optional: readonly string[] = [],
  ) {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new CertificateFault(`${path} must be an object`);
    const keys = Object.keys(value);
    for (const key of keys)
      if (!required.includes(key) && !optional.includes(key))
        throw new CertificateFault(`${this.name(key.slice(0, 80))} is not known`);
    for (const key of required) if (!keys.includes(key)) throw new CertificateFault(`${this.name(key)} is missing`);
    this.values = value as Readonly<Record<string, unknown>>;
  }

  has(key: string): boolean {
    return Object.hasOwn(this.values, key);
  }

  get(key: string): unknown {
    return this.values[key];
  }

  text(key: string): string {
    const value = this.values[key];
    if (typeof value !== 'string') throw new CertificateFault(`${this.name(key)} must be text`);
    return value;
  }

  count(key: string, min = 0): number {
    const value = this.values[key];
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || Object.is(value, -0) || value < min)
      throw new CertificateFault(`${this.name(key)} must be an integer from ${String(min)}`);
    return value;
  }

  digest(key: string): string {
    const value = this.text(key);
    if (!/^[0-9a-f]{64}$/.test(value))
      throw new CertificateFault(`${this.name(key)} must be 64 lower-case hex characters`);
    return value;
  }

  bytes(key: string): Uint8Array {
    try {
      return fromBase64Url(this.text(key));
    } catch (error) {
      if (error instanceof RangeError) throw new CertificateFault(`${this.name(key)}: ${error.message}`);
      throw error;
    }
  }

  list(key: string, max: number): readonly unknown[] {
    const value = this.values[key];
    if (!Array.isArray(value)) throw new CertificateFault(`${this.name(key)} must be a list`);
    if (value.length > max)
      throw new CertificateFault(`${this.name(key)} has ${String(value.length)} items, at most ${String(max)}`);
    return value;
  }

  hashes(key: string): Uint8Array[] {
    return this.list(key, PATH_MAX).map((item, index) => {
      if (typeof item !== 'string' || !/^[0-9a-f]{64}$/.test(item))
        throw new CertificateFault(`${this.name(key)}[${String(index)}] must be 64 lower-case hex characters`);
      return fromHex(item);
    });
  }

  private name(key: string): string {
    return this.path === 'certificate' ? key : `${this.path}.${key}`;
  }
}

/** Checks a certificate's form, strictly: unknown and missing keys are refused. Throws a CertificateFault. */
export function readDecision(value: unknown, membersMax: number): ReadDecision {
  const fields = new Fields(value, 'certificate', KEYS, ['decided_value']);
  if (fields.get('format') !== DECISION_FORMAT) throw new CertificateFault(`format must be ${DECISION_FORMAT}`);
  const batch = new Fields(fields.get('batch'), 'batch', BATCH_KEYS);
  const commits = fields.list('commits', membersMax).map((item, index) => {
    const commit = new Fields(item, `commits[${String(index)}]`, COMMIT_KEYS);
    return { nodeId: commit.text('node_id') as NodeId, signature: commit.bytes('signature') };
  });
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
      path: batch.hashes('path'),
      headerPath: batch.hashes('header_path'),
    },
    batchDigest: fields.digest('batch_digest') as Digest,
    commits,
    ...(fields.has('decided_value') ? { carried: { value: fields.get('decided_value') } } : {}),
  };
}
