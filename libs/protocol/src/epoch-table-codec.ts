import {
  CAPABILITIES_MAX,
  checkEpochTable,
  ENGINES,
  EpochTableError,
  LEADER_ELECTIONS,
  MEMBERS_MAX,
  OPERATORS_MAX,
  SIGNATURE_SCHEMES,
  type EpochTable,
  type Member,
} from './epoch-table';
import { purposeDigest, type Hash } from './hash';
import type { Digest, Epoch, NodeId, Sequence } from './ids';
import { LayoutError, Reader, Writer } from './wire';

const CERTIFICATE_FORMS = { 'signature-list': 1 } as const;
const KEY_BYTES_MAX = 600;

/** The table's canonical bytes: what its hash covers. */
export function encodeEpochTable(table: EpochTable): Uint8Array {
  const writer = new Writer(512)
    .u64(table.epoch)
    .u64(table.baseSequence)
    .u8(ENGINES[table.engine])
    .u8(SIGNATURE_SCHEMES[table.signatureScheme])
    .u8(CERTIFICATE_FORMS[table.certificateForm])
    .u8(LEADER_ELECTIONS[table.leaderElection])
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
  for (const member of table.members) {
    writer
      .text(member.nodeId)
      .short(member.publicKey)
      .u32(member.weight)
      .u32(member.reputation)
      .u8(member.isolated ? 1 : 0)
      .u8(member.capabilities.length);
    for (const capability of member.capabilities) writer.text(capability);
  }
  writer.u16(table.operators.length);
  for (const key of table.operators) writer.short(key);
  return writer.bytes();
}

/** Hash of the table: part of all signed bytes. */
export const epochTableHash = (hash: Hash, table: EpochTable): Digest =>
  purposeDigest(hash, 'epoch-table', encodeEpochTable(table));

/** Reads what encodeEpochTable wrote, and checks it. Throws a LayoutError. */
export function decodeEpochTable(bytes: Uint8Array): EpochTable {
  const reader = new Reader(bytes);
  const table: EpochTable = {
    epoch: reader.u64() as Epoch,
    baseSequence: reader.u64() as Sequence,
    engine: nameOf(ENGINES, reader.u8(), 'engine'),
    signatureScheme: nameOf(SIGNATURE_SCHEMES, reader.u8(), 'signature scheme'),
    certificateForm: nameOf(CERTIFICATE_FORMS, reader.u8(), 'certificate form'),
    leaderElection: nameOf(LEADER_ELECTIONS, reader.u8(), 'leader election'),
    weightedVoting: flag(reader.u8(), 'weighted voting'),
    f: reader.u16(),
    checkpointInterval: reader.u32(),
    windowSize: reader.u32(),
    batchRequestsMax: reader.u32(),
    batchBytesMax: reader.u32(),
    logTimeBoundMs: reader.u64(),
    requestLifetimeMaxMs: reader.u64(),
    nonceWindow: reader.u32(),
    clientsMax: reader.u32(),
    members: readMembers(reader),
    operators: readOperators(reader),
  };
  reader.end();
  try {
    checkEpochTable(table);
  } catch (error) {
    if (error instanceof EpochTableError) throw new LayoutError(`epoch table: ${error.message}`);
    throw error;
  }
  return table;
}

function readMembers(reader: Reader): Member[] {
  const members: Member[] = [];
  const count = reader.count(MEMBERS_MAX, 1 + 1 + 2 + 32 + 4 + 4 + 1 + 1);
  for (let i = 0; i < count; i++) {
    const nodeId = reader.text() as NodeId;
    const publicKey = reader.short(KEY_BYTES_MAX).slice();
    const weight = reader.u32();
    const reputation = reader.u32();
    const isolated = flag(reader.u8(), 'isolated');
    const named = reader.u8();
    if (named > CAPABILITIES_MAX) throw new LayoutError(`${String(named)} capabilities`);
    const capabilities = Array.from({ length: named }, () => reader.text());
    members.push({ nodeId, publicKey, weight, reputation, isolated, capabilities });
  }
  return members;
}

function readOperators(reader: Reader): Uint8Array[] {
  const count = reader.count(OPERATORS_MAX, 2 + 32);
  return Array.from({ length: count }, () => reader.short(KEY_BYTES_MAX).slice());
}

function flag(value: number, what: string): boolean {
  if (value > 1) throw new LayoutError(`${what} must be 0 or 1`);
  return value === 1;
}

function nameOf<N extends string>(codes: Readonly<Record<N, number>>, code: number, what: string): N {
  const name = (Object.keys(codes) as N[]).find((candidate) => codes[candidate] === code);
  if (name !== undefined) return name;
  throw new LayoutError(`${what} ${String(code)} is not known`);
}
