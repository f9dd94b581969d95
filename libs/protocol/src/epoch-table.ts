import { isId, type Epoch, type NodeId, type Sequence } from './ids';
import { faultsTolerated, quorumByWeight } from './quorum';

/** Signature schemes a swarm can choose for its members and clients. Numbers are their wire codes. */
export const SIGNATURE_SCHEMES = { ed25519: 1, 'rsa-pss-2048': 2 } as const;
/** Name of a signature scheme. */
export type SignatureScheme = keyof typeof SIGNATURE_SCHEMES;

/** Bytes of a signature of each scheme. */
export const SIGNATURE_BYTES: Readonly<Record<SignatureScheme, number>> = { ed25519: 64, 'rsa-pss-2048': 256 };

/** Engines that order requests. Numbers are their wire codes. */
export const ENGINES = { pbft: 1, hotstuff: 2 } as const;
/** Name of an engine. */
export type EngineName = keyof typeof ENGINES;

/** How a view finds its leader (Spec §5). Numbers are their wire codes. */
export const LEADER_ELECTIONS = { 'round-robin': 1, reputation: 2 } as const;
/** Name of a way to find leaders. */
export type LeaderElection = keyof typeof LEADER_ELECTIONS;

/** Reputation 1.0: outside it is a number from 0 to 1, inside an integer of millionths. */
export const REPUTATION_ONE = 1_000_000;

/** One member of an epoch. */
export interface Member {
  readonly nodeId: NodeId;
  /** Ed25519: 32 raw bytes. RSA: DER of SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array;
  /** Integer >= 1. All 1 unless the swarm votes by weight. */
  readonly weight: number;
  /** Integer from 0 to REPUTATION_ONE. */
  readonly reputation: number;
  /** True for a member that was proven Byzantine: its signatures count for nothing in this epoch (Spec §7). */
  readonly isolated: boolean;
  /** What it says it can do. Names for people and agents; no rule reads them. */
  readonly capabilities: readonly string[];
}

/** What the members of an epoch share. Its hash is in every signed byte string; it changes only by decision (Spec §2). */
export interface EpochTable {
  readonly epoch: Epoch;
  /** Last sequence of the epoch before: this one orders what comes after. 0 in the genesis. */
  readonly baseSequence: Sequence;
  readonly engine: EngineName;
  readonly signatureScheme: SignatureScheme;
  /** Form of quorum certificates: a list of the members' own signatures. */
  readonly certificateForm: 'signature-list';
  readonly leaderElection: LeaderElection;
  readonly weightedVoting: boolean;
  /** Members that may be Byzantine. */
  readonly f: number;
  readonly members: readonly Member[];
  /** Keys that may ask for changes of this table (Spec §7), of the members' scheme. */
  readonly operators: readonly Uint8Array[];
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

/** Sequences above the stable checkpoint that HotStuff needs at least. */
const LINEAR_WINDOW_MIN = 4;

/** Members a table can have. */
export const MEMBERS_MAX = 1024;
/** Operator keys a table can have. */
export const OPERATORS_MAX = 64;
/** Capabilities of one member. */
export const CAPABILITIES_MAX = 16;

const checkKey = (scheme: SignatureScheme, field: string, key: Uint8Array): void => {
  if (scheme === 'ed25519') within(`${field} length`, key.length, 32, 32);
  else within(`${field} length`, key.length, 270, 600);
};

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
    checkKey(table.signatureScheme, `${field}.public_key`, member.publicKey);
    within(`${field}.weight`, member.weight, 1, table.weightedVoting ? 1_000_000 : 1);
    within(`${field}.reputation`, member.reputation, 0, REPUTATION_ONE);
    within(`${field}.capabilities length`, member.capabilities.length, 0, CAPABILITIES_MAX);
    for (const capability of member.capabilities)
      if (!isId(capability)) throw new EpochTableError(`${field}.capabilities`, 'must each be [A-Za-z0-9_-]{1,63}');
  }
  const isolated = table.members.filter((member) => member.isolated).length;
  if (isolated > table.f)
    throw new EpochTableError('members', `${String(isolated)} are isolated, at most f = ${String(table.f)} may be`);
  within('operators length', table.operators.length, 0, OPERATORS_MAX);
  for (const [index, key] of table.operators.entries())
    checkKey(table.signatureScheme, `operators[${String(index)}]`, key);
  if (new Set(table.operators.map((key) => key.join())).size < table.operators.length)
    throw new EpochTableError('operators', 'a key stands twice');
  try {
    quorumByWeight(
      table.members.map((member) => member.weight),
      table.f,
    );
  } catch (error) {
    throw new EpochTableError('members', (error as Error).message);
  }
  within('checkpoint_interval', table.checkpointInterval, 1, 1 << 16);
  within('base_sequence', table.baseSequence, 0, Number.MAX_SAFE_INTEGER);
  if (table.baseSequence % table.checkpointInterval !== 0)
    throw new EpochTableError('base_sequence', 'must be a checkpoint sequence');
  if (table.epoch === 0 && table.baseSequence !== 0)
    throw new EpochTableError('base_sequence', 'must be 0 in the first epoch');
  // Three blocks of HotStuff stand above the decided one: in a smaller window nothing would ever have a place.
  const least = table.engine === 'hotstuff' ? LINEAR_WINDOW_MIN : 0;
  within('window_size', table.windowSize, Math.max(least, 2 * table.checkpointInterval), 1 << 17);
  within('batch_requests_max', table.batchRequestsMax, 1, 10_000);
  within('batch_bytes_max', table.batchBytesMax, 1024, 64 << 20);
  within('log_time_bound_ms', table.logTimeBoundMs, 1, 86_400_000);
  within('request_lifetime_max_ms', table.requestLifetimeMaxMs, 1, 86_400_000);
  within('nonce_window', table.nonceWindow, 64, 1 << 20);
  if (table.nonceWindow % 32 !== 0) throw new EpochTableError('nonce_window', 'must be a multiple of 32');
  within('clients_max', table.clientsMax, 1, 10_000_000);
}
