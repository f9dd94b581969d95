import { readCheckpointCertificate, writeCheckpointCertificate, type CertificateLimits } from './certificate-codec';
import { MEMBERS_MAX, SIGNATURE_BYTES } from './epoch-table';
import { isId, type Digest, type MemberIndex, type NodeId, type Sequence, type View } from './ids';
import type { Statement } from './kinds';
import { readMemberSet, writeMemberSet } from './member-set';
import {
  FETCH_CHUNKS_MAX,
  FETCH_ITEMS_MAX,
  SLOTS_IN_STATUS_MAX,
  WAITING_IN_STATUS_MAX,
  type Fetch,
  type SlotStatus,
  type SnapshotChunk,
  type SnapshotOffer,
  type SnapshotRequest,
  type Status,
  type ViewChangeHeld,
} from './messages';
import { STATE_CHUNK_BYTES } from './state-chunks';
import { LayoutError, type Reader, type Writer } from './wire';

/** Bounds of a certificate whose epoch is not known yet. */
export const ANY_EPOCH_LIMITS: CertificateLimits = {
  membersMax: MEMBERS_MAX,
  signatureBytesMax: Math.max(...Object.values(SIGNATURE_BYTES)),
  chained: false,
};

/** Hashes in a chunk's path: a state has at most 2^32 chunks. */
export const CHUNK_PATH_MAX = 32;

/** Appends the payload of a message by which members help each other to catch up. */
export function writeCatchUp(writer: Writer, message: Status | Fetch | SnapshotOffer | SnapshotChunk): void {
  switch (message.kind) {
    case 'status':
      writer
        .u64(message.promisedView)
        .u64(message.stableSequence)
        .u64(message.oldestSequence)
        .digest(message.headDigest);
      writer.u16(message.slots.length);
      for (const { sequence, flags } of message.slots) writer.u64(sequence).u8(flags);
      writer.u16(message.waiting.length);
      for (const id of message.waiting) writer.digest(id);
      writer.u16(message.viewChangesHeld.length);
      for (const { sender, view } of message.viewChangesHeld) writer.u16(sender).u64(view);
      writeMemberSet(writer, message.silent);
      break;
    case 'fetch':
      writer.text(message.origin);
      for (const digests of [message.batches, message.viewChanges, message.envelopes]) {
        writer.u16(digests.length);
        for (const digest of digests) writer.digest(digest);
      }
      writer.u64(message.decided?.from ?? 0).u64(message.decided?.to ?? 0);
      writer
        .u64(message.snapshot?.sequence ?? 0)
        .u32(message.snapshot?.from ?? 0)
        .u16(message.snapshot?.count ?? 0);
      break;
    case 'snapshot':
      writeCheckpointCertificate(writer, message.certificate);
      writer.u64(message.shape.bytes).digest(message.shape.root);
      break;
    case 'chunk':
      writer.u32(message.index).long(message.bytes).u8(message.path.length);
      for (const sibling of message.path) writer.raw(sibling);
      break;
  }
}

/** Reads a STATUS. Throws a LayoutError. */
export function readStatus(reader: Reader, statement: Statement<'status'>, limits: CertificateLimits): Status {
  const promisedView = reader.u64() as View;
  const stableSequence = reader.u64() as Sequence;
  const oldestSequence = reader.u64() as Sequence;
  if (oldestSequence === 0) throw new LayoutError('oldest sequence must not be 0');
  const headDigest = reader.digest();
  const count = reader.count(SLOTS_IN_STATUS_MAX, 9);
  const slots: SlotStatus[] = [];
  let previous: number = statement.sequence;
  for (let i = 0; i < count; i++) {
    const sequence = reader.u64() as Sequence;
    const flags = reader.u8();
    if (sequence <= previous) throw new LayoutError('slots do not ascend above executed');
    if (flags > 7) throw new LayoutError('unknown slot flags');
    previous = sequence;
    slots.push({ sequence, flags });
  }
  const waiting = readDigests(reader, WAITING_IN_STATUS_MAX);
  const held = reader.count(limits.membersMax, 10);
  const viewChangesHeld: ViewChangeHeld[] = [];
  for (let i = 0; i < held; i++)
    viewChangesHeld.push({ sender: reader.u16() as MemberIndex, view: reader.u64() as View });
  const silent = readMemberSet(reader, limits.membersMax);
  reader.end();
  return {
    ...statement,
    promisedView,
    stableSequence,
    oldestSequence,
    headDigest,
    slots,
    waiting,
    viewChangesHeld,
    silent,
  };
}

/** Reads a FETCH. Throws a LayoutError. */
export function readFetch(reader: Reader, statement: Statement<'fetch'>): Fetch {
  const origin = reader.text();
  if (!isId(origin)) throw new LayoutError('origin is no node id');
  const batches = readDigests(reader, FETCH_ITEMS_MAX);
  const viewChanges = readDigests(reader, FETCH_ITEMS_MAX);
  const envelopes = readDigests(reader, FETCH_ITEMS_MAX);
  const from = reader.u64() as Sequence;
  const to = reader.u64() as Sequence;
  const snapshot = readSnapshotRequest(reader);
  reader.end();
  if ((from === 0) !== (to === 0) || to < from) throw new LayoutError('a range of decided sequences that is none');
  return {
    ...statement,
    origin: origin as NodeId,
    batches,
    viewChanges,
    envelopes,
    decided: from === 0 ? undefined : { from, to },
    snapshot,
  };
}

function readSnapshotRequest(reader: Reader): SnapshotRequest | undefined {
  const sequence = reader.u64() as Sequence;
  const from = reader.u32();
  const count = reader.u16();
  if (count > FETCH_CHUNKS_MAX) throw new LayoutError(`${String(count)} chunks`);
  if ((sequence === 0 && count > 0) || (count === 0 && from > 0))
    throw new LayoutError('a range of chunks that is none');
  return sequence === 0 ? undefined : { sequence, from, count };
}

/** Reads the offer of a snapshot. Throws a LayoutError. */
export function readSnapshot(reader: Reader, statement: Statement<'snapshot'>): SnapshotOffer {
  // Its certificate may be of an epoch with more members than the sender's.
  const certificate = readCheckpointCertificate(reader, ANY_EPOCH_LIMITS);
  const bytes = reader.u64();
  const root = reader.digest();
  reader.end();
  if (certificate.sequence !== statement.sequence) throw new LayoutError('the certificate is for another sequence');
  if (bytes === 0) throw new LayoutError('an empty state');
  return { ...statement, certificate, shape: { bytes, root } };
}

/** Reads a chunk. Throws a LayoutError. */
export function readChunk(reader: Reader, statement: Statement<'chunk'>): SnapshotChunk {
  const index = reader.u32();
  const bytes = reader.long(STATE_CHUNK_BYTES);
  const count = reader.u8();
  if (count > CHUNK_PATH_MAX) throw new LayoutError(`a path of ${String(count)}`);
  const path: Uint8Array[] = [];
  for (let i = 0; i < count; i++) path.push(reader.raw(32));
  reader.end();
  return { ...statement, index, bytes, path };
}

function readDigests(reader: Reader, max: number): Digest[] {
  const count = reader.count(max, 32);
  const digests: Digest[] = [];
  for (let i = 0; i < count; i++) digests.push(reader.digest());
  return digests;
}
