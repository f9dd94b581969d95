import { purposeDigest, type Hash } from './hash';
import { isId, type Digest, type Epoch, type MemberIndex, type NodeId, type View } from './ids';
import { faultsTolerated, quorumByCount, quorumByWeight } from './quorum';
import { Writer } from './wire';

/** Signature schemes a swarm can choose for its members and clients. Numbers are their wire codes. */
export const SIGNATURE_SCHEMES = { ed25519: 1, 'rsa-pss-2048': 2 } as const;
/** Name of a signature scheme. */
export type SignatureScheme = keyof typeof SIGNATURE_SCHEMES;

/** Bytes of a signature of each scheme. */
export const SIGNATURE_BYTES: Readonly<Record<SignatureScheme, number>> = { ed25519: 64, 'rsa-pss-2048': 256 };

/** Engines that order requests. Numbers are their wire codes. */
export const ENGINES = { pbft: 1 } as const;
/** Name of an engine. */
export type EngineName = keyof typeof ENGINES;

/** One member of an epoch. */
export interface Member {
  readonly nodeId: NodeId;
  /** Ed25519: 32 raw bytes. RSA: DER of SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array;
  /** Integer >= 1. All 1 unless the swarm votes by weight. */
  readonly weight: number;
}

/** What the members of an epoch share. Its hash is in every signed byte string; it changes only by decision (Spec §2). */
export interface EpochTable {
  readonly epoch: Epoch;
  readonly engine: EngineName;
  readonly signatureScheme: SignatureScheme;
  /** Form of quorum certificates: a list of the members' own signatures. */
  readonly certificateForm: 'signature-list';
  readonly leaderElection: 'round-robin';
  readonly weightedVoting: boolean;
  /** Members that may be Byzantine. */
  readonly f: number;
  readonly members: readonly Member[];
  /** K: a checkpoint every K sequences. */
  readonly checkpointInterval: number;
  /** L: sequences above the stable checkpoint that may be voted on. At least 2K. */
  readonly windowSize: number;
  readonly batchRequestsMax: number;
  readonly batchBytesMax: number;
  /** Greatest distance of a fresh batch's time from a member's clock. */
  readonly logTimeBoundMs: number;
  /** A request's deadline may lie at most so far ahead of log time. */
  readonly requestLifetimeMaxMs: number;
  /** Nonces below a client's highest executed one that can still be executed. */
  readonly nonceWindow: number;
  /** Clients with a deduplication record at one time. */
  readonly clientsMax: number;
}

/** Why a table is refused. `field` names the wrong field. */
export class EpochTableError extends Error {
  override readonly name = 'EpochTableError';
  constructor(
    readonly field: string,
    message: string,
  ) {
    super(`${field}: ${message}`);
  }
}

const within = (field: string, value: number, min: number, max: number): void => {
  if (!Number.isSafeInteger(value) || value < min || value > max) {
    throw new EpochTableError(field, `must be an integer from ${String(min)} to ${String(max)}, not ${String(value)}`);
  }
};

/** Members a table can have. */
export const MEMBERS_MAX = 1024;

/** Checks a table's own consistency. Throws an EpochTableError that names the field. */
export function checkEpochTable(table: EpochTable): void {
  const n = table.members.length;
  within('members', n, 1, MEMBERS_MAX);
  within('f', table.f, 0, faultsTolerated(n));
  const ids = new Set<string>();
  const keys = new Set<string>();
  for (const [index, member] of table.members.entries()) {
    const field = `members[${String(index)}]`;
    if (!isId(member.nodeId)) throw new EpochTableError(`${field}.node_id`, 'must be [A-Za-z0-9_-]{1,63}');
    if (ids.has(member.nodeId)) throw new EpochTableError(`${field}.node_id`, `${member.nodeId} stands twice`);
    const key = member.publicKey.join();
    // Two members with one key would let one signer weigh twice.
    if (keys.has(key)) throw new EpochTableError(`${field}.public_key`, 'stands twice');
    ids.add(member.nodeId);
    keys.add(key);
    if (table.signatureScheme === 'ed25519') within(`${field}.public_key length`, member.publicKey.length, 32, 32);
    else within(`${field}.public_key length`, member.publicKey.length, 270, 600);
    within(`${field}.weight`, member.weight, 1, table.weightedVoting ? 1_000_000 : 1);
  }
  try {
    quorumByWeight(
      table.members.map((member) => member.weight),
      table.f,
    );
  } catch (error) {
    throw new EpochTableError('members', (error as Error).message);
  }
  within('checkpoint_interval', table.checkpointInterval, 1, 1 << 16);
  within('window_size', table.windowSize, 2 * table.checkpointInterval, 1 << 17);
  within('batch_requests_max', table.batchRequestsMax, 1, 10_000);
  within('batch_bytes_max', table.batchBytesMax, 1024, 64 << 20);
  within('log_time_bound_ms', table.logTimeBoundMs, 1, 86_400_000);
  within('request_lifetime_max_ms', table.requestLifetimeMaxMs, 1, 86_400_000);
  within('nonce_window', table.nonceWindow, 64, 1 << 20);
  if (table.nonceWindow % 32 !== 0) throw new EpochTableError('nonce_window', 'must be a multiple of 32');
  within('clients_max', table.clientsMax, 1, 10_000_000);
}

/** The table's canonical bytes: what its hash covers. */
export function encodeEpochTable(table: EpochTable): Uint8Array {
  const writer = new Writer(512)
    .u64(table.epoch)
    .u8(ENGINES[table.engine])
    .u8(SIGNATURE_SCHEMES[table.signatureScheme])
    .u8(1) // certificateForm: signature-list
    .u8(1) // leaderElection: round-robin
    .u8(table.weightedVoting ? 1 : 0)
    .u16(table.f)
    .u32(table.checkpointInterval)
    .u32(table.windowSize)
    .u32(table.batchRequestsMax)
    .u32(table.batchBytesMax)
    .u64(table.logTimeBoundMs)
    .u64(table.requestLifetimeMaxMs)
    .u32(table.nonceWindow)
    .u32(table.clientsMax)
    .u16(table.members.length);
  for (const member of table.members) writer.text(member.nodeId).short(member.publicKey).u32(member.weight);
  return writer.bytes();
}

/** Hash of the table: part of all signed bytes. */
export const epochTableHash = (hash: Hash, table: EpochTable): Digest =>
  purposeDigest(hash, 'epoch-table', encodeEpochTable(table));

/** A checked epoch table with the arithmetic that everybody needs. Immutable. */
export class Committee {
  readonly n: number;
  readonly f: number;
  /** Least weight of a quorum. With equal weights: floor((n + f) / 2) + 1 members. */
  readonly quorumWeight: number;
  readonly hash: Digest;
  private readonly indexes = new Map<string, MemberIndex>();

  /** Throws an EpochTableError for a table that checkEpochTable refuses. */
  constructor(
    readonly table: EpochTable,
    hash: Hash,
  ) {
    checkEpochTable(table);
    this.n = table.members.length;
    this.f = table.f;
    const weights = table.members.map((member) => member.weight);
    this.quorumWeight = table.weightedVoting ? quorumByWeight(weights, this.f) : quorumByCount(this.n, this.f);
    this.hash = epochTableHash(hash, table);
    table.members.forEach((member, index) => this.indexes.set(member.nodeId, index as MemberIndex));
  }

  get epoch(): Epoch {
    return this.table.epoch;
  }

  /** The member at `index`, or undefined for an index outside the table. */
  member(index: MemberIndex): Member | undefined {
    return this.table.members[index];
  }

  /** The member's place, or undefined for a node that is no member. */
  indexOf(node: string): MemberIndex | undefined {
    return this.indexes.get(node);
  }

  /** All indexes in table order. */
  get indexesInOrder(): readonly MemberIndex[] {
    return this.table.members.map((_, index) => index as MemberIndex);
  }

  /** Round robin over the table (Spec §5). */
  leaderOf(view: View): MemberIndex {
    return (view % this.n) as MemberIndex;
  }

  /** Weight of distinct members; indexes outside the table weigh nothing. */
  weightOf(members: Iterable<MemberIndex>): number {
    let weight = 0;
    for (const member of new Set(members)) weight += this.table.members[member]?.weight ?? 0;
    return weight;
  }

  /** True when the distinct members weigh a quorum. */
  isQuorum(members: Iterable<MemberIndex>): boolean {
    return this.weightOf(members) >= this.quorumWeight;
  }

  /** True for f + 1 distinct members: at least one of them is honest. Counts members even where votes are weighted (Spec §2). */
  hasHonest(members: Iterable<MemberIndex>): boolean {
    const distinct = new Set<MemberIndex>();
    for (const member of members) if (this.table.members[member] !== undefined) distinct.add(member);
    return distinct.size > this.f;
  }
}
