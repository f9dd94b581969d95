import {
  checkEpochTable,
  EpochTableError,
  MEMBERS_MAX,
  REPUTATION_ONE,
  SIGNATURE_BYTES,
  type EpochTable,
  type Member,
} from './epoch-table';
import { encodeEpochTable } from './epoch-table-codec';
import {
  fieldsOf,
  listAt,
  memberFromJson,
  memberToJson,
  operatorsFromJson,
  operatorsToJson,
  SETTING_KEYS,
  settingsFromJson,
  settingsToJson,
  textAt,
} from './epoch-table-json';
import { digestBytes, purposeDigest, type Hash } from './hash';
import { isId, type Digest, type Epoch, type Sequence } from './ids';
import { BROKER_PAYLOAD_BYTES } from './broker';
import { wireLimits } from './limits';
import { Writer } from './wire';

/** What a swarm starts from. Every member has the same, byte for byte in meaning. */
export interface Genesis {
  /** Name in NATS subjects and on screens. */
  readonly swarm: string;
  /** 32 fresh random bytes as a digest-shaped text: no two swarms have one id. */
  readonly random: Digest;
  readonly table: EpochTable;
}

/** Identity of a swarm: part of all signed bytes. */
export const swarmId = (hash: Hash, genesis: Genesis): Digest =>
  purposeDigest(
    hash,
    'genesis',
    new Writer(64).text(genesis.swarm).raw(digestBytes(genesis.random)).bytes(),
    encodeEpochTable(genesis.table),
  );

/** A member as the maker of a genesis names it; by default it weighs 1, has reputation 1 and is not isolated. */
export type MemberOptions = Pick<Member, 'nodeId' | 'publicKey'> & Partial<Omit<Member, 'isolated'>>;

/** Fields of a table that its maker may choose; the rest has defaults. */
export type TableOptions = { readonly members: readonly MemberOptions[] } & Partial<
  Omit<EpochTable, 'members' | 'epoch' | 'baseSequence'>
>;

const firstMember = (member: MemberOptions): Member => ({
  weight: 1,
  reputation: REPUTATION_ONE,
  capabilities: [],
  ...member,
  isolated: false,
});

/** K: a change of the member table takes effect within 3K sequences, which an idle swarm has to go through within a second. */
const CHECKPOINT_INTERVAL = 16;

/** A table for the first epoch with defaults for what is not said. The window shrinks with the committee, so that a VIEW-CHANGE fits the broker. */
export function createEpochTable(options: TableOptions): EpochTable {
  const make = (checkpointInterval: number): EpochTable => ({
    engine: 'pbft',
    signatureScheme: 'ed25519',
    certificateForm: 'signature-list',
    leaderElection: 'round-robin',
    weightedVoting: false,
    f: Math.floor((options.members.length - 1) / 3),
    checkpointInterval,
    windowSize: 2 * (options.checkpointInterval ?? checkpointInterval),
    batchRequestsMax: 1000,
    batchBytesMax: 512 * 1024,
    logTimeBoundMs: 10_000,
    requestLifetimeMaxMs: 120_000,
    nonceWindow: 4096,
    clientsMax: 20_000,
    operators: [],
    ...options,
    members: options.members.map(firstMember),
    epoch: 0 as Epoch,
    baseSequence: 0 as Sequence,
  });
  let interval = CHECKPOINT_INTERVAL;
  while (interval > 1 && wireLimits(make(interval)).messageBytesMax > BROKER_PAYLOAD_BYTES) interval /= 2;
  const table = make(interval);
  checkEpochTable(table);
  return table;
}

/** The genesis as a JSON value, for `genesis.json`. Keys in snake_case; binary as base64url. */
export const genesisToJson = ({ swarm, random, table }: Genesis): Record<string, unknown> => ({
  format: 'concordat.genesis.v1',
  swarm,
  random,
  ...settingsToJson(table),
  members: table.members.map(memberToJson),
  operators: operatorsToJson(table),
});

const GENESIS_KEYS = ['format', 'swarm', 'random', ...SETTING_KEYS, 'members', 'operators'];

/** Reads what genesisToJson wrote. Throws an EpochTableError that names the wrong field. */
export function genesisFromJson(value: unknown): Genesis {
  const fields = fieldsOf(value, 'genesis', GENESIS_KEYS);
  if (fields['format'] !== 'concordat.genesis.v1') throw new EpochTableError('format', 'must be concordat.genesis.v1');
  const swarm = textAt(fields, 'swarm');
  if (!isId(swarm)) throw new EpochTableError('swarm', 'must be [A-Za-z0-9_-]{1,63}');
  const random = textAt(fields, 'random');
  if (!/^[0-9a-f]{64}$/.test(random)) throw new EpochTableError('random', 'must be 64 lower-case hex characters');
  const table: EpochTable = {
    epoch: 0 as Epoch,
    baseSequence: 0 as Sequence,
    ...settingsFromJson(fields),
    members: listAt(fields, 'members', MEMBERS_MAX).map((member, index) => ({
      ...memberFromJson(member, `members[${String(index)}]`),
      isolated: false,
    })),
    operators: operatorsFromJson(fields),
  };
  checkEpochTable(table);
  return { swarm, random: random as Digest, table };
}

/** Bytes of a signature in this swarm. */
export const signatureBytes = (table: EpochTable): number => SIGNATURE_BYTES[table.signatureScheme];
