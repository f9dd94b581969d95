import { BROKER_PAYLOAD_BYTES } from './broker';
import { decodeBatch, encodeBatch, type Batch } from './batch';
import { blockDigest } from './block';
import { ANY_EPOCH_LIMITS, readChunk, readFetch, readSnapshot, readStatus, writeCatchUp } from './catch-up-codec';
import { checkpointDigest, type PreparedCertificate } from './certificates';
import {
  readCheckpointCertificate,
  readCommitCertificate,
  readContent,
  readPreparedCertificate,
  writeCheckpointCertificate,
  writeCommitCertificate,
  writeContent,
  writePreparedCertificate,
} from './certificate-codec';
import { NULL_DIGEST, purposeDigest, type Hash } from './hash';
import { decodeEpochTable, encodeEpochTable } from './epoch-table-codec';
import { headerOf, readProposal, readStable, readSyncInfo, readTimeout, writeLinear } from './linear-codec';
import type { Digest, Epoch, MemberIndex, Sequence, View } from './ids';
import {
  MESSAGE_KINDS,
  type Content,
  type MessageKind,
  type NewViewEntry,
  type Signed,
  type Statement,
} from './messages';
import { timeoutDigest } from './quorum-certificates';
import { reject, type Rejection } from './rejection';
import { decodeEnvelope, type KnownEnvelopes } from './request';
import { LayoutError, Reader, Writer } from './wire';
import type { WireLimits } from './wire-limits';

/** Version of the wire layout: the first byte of every message. */
export const WIRE_VERSION = 1;

const KIND_OF_CODE = new Map<number, MessageKind>(
  Object.entries(MESSAGE_KINDS).map(([kind, code]) => [code, kind as MessageKind]),
);

/** Bytes of a message before its signature: version, kind, epoch, sender, view, sequence, digest. */
export const HEADER_BYTES = 1 + 1 + 8 + 2 + 8 + 8 + 32;

const EMPTY = new Uint8Array(0);

/** The payload of a message: what follows its signature. */
export function encodePayload(message: Content): Uint8Array {
  switch (message.kind) {
    case 'prepare':
    case 'commit':
    case 'vote':
      return EMPTY;
    case 'prePrepare':
      return message.batch === undefined ? EMPTY : encodeBatch(message.batch);
    case 'batch':
      return encodeBatch(message.batch);
    default:
      return encodeComposite(message);
  }
}

function encodeComposite(
  message: Exclude<Content, { kind: 'prepare' | 'commit' | 'vote' | 'prePrepare' | 'batch' }>,
): Uint8Array {
  const writer = new Writer(512);
  switch (message.kind) {
    case 'checkpoint':
      writeContent(writer, message.content);
      break;
    case 'viewChange':
      writer.u8(message.stable === undefined ? 0 : 1);
      if (message.stable !== undefined) writeCheckpointCertificate(writer, message.stable);
      writer.u32(message.prepared.length);
      for (const certificate of message.prepared) writePreparedCertificate(writer, certificate);
      break;
    case 'newView':
      writer.u16(message.viewChanges.length);
      for (const { sender, digest } of message.viewChanges) writer.u16(sender).digest(digest);
      writer.u32(message.entries.length);
      for (const { sequence, digest, signature } of message.entries)
        writer.u64(sequence).digest(digest).short(signature);
      break;
    case 'status':
    case 'fetch':
    case 'snapshot':
    case 'chunk':
      writeCatchUp(writer, message);
      break;
    case 'decided':
      writeCommitCertificate(writer, message.certificate);
      if (message.batch !== undefined) writer.raw(encodeBatch(message.batch));
      break;
    case 'epochChange':
      writer.long(encodeEpochTable(message.change.table));
      writeCheckpointCertificate(writer, message.change.certificate);
      break;
    case 'proposal':
    case 'timeout':
    case 'syncInfo':
    case 'stable':
      writeLinear(writer, message);
      break;
    case 'requests':
      writer.u16(message.envelopes.length);
      for (const envelope of message.envelopes) writer.long(envelope.bytes);
      break;
  }
  return writer.bytes();
}

/** Canonical bytes of a signed message. */
export function encodeMessage(message: Signed): Uint8Array {
  const payload = encodePayload(message);
  return new Writer(HEADER_BYTES + 2 + message.signature.length + payload.length)
    .u8(WIRE_VERSION)
    .u8(MESSAGE_KINDS[message.kind])
    .u64(message.epoch)
    .u16(message.sender)
    .u64(message.view)
    .u64(message.sequence)
    .digest(message.digest)
    .short(message.signature)
    .raw(payload)
    .bytes();
}

/**
 * The digest of a message that carries more than a vote: hash of who says it, where, and the whole payload. Two members
 * that say the same, or one member in two views, have different digests, so that a digest names one message.
 */
export function payloadDigest(hash: Hash, message: Omit<Statement, 'digest'>, payload: Uint8Array): Digest {
  const place = new Writer(32)
    .u8(MESSAGE_KINDS[message.kind])
    .u64(message.epoch)
    .u16(message.sender)
    .u64(message.view)
    .u64(message.sequence);
  return purposeDigest(hash, 'payload', place.bytes(), payload);
}

/** A message's statement and signature, before its payload is looked at. */
export interface Frame {
  readonly statement: Statement;
  readonly signature: Uint8Array;
  readonly payload: Uint8Array;
}

/** The epoch that a message names. Throws a LayoutError for bytes too short for one. */
export const epochOfMessage = (bytes: Uint8Array): Epoch => new Reader(bytes.subarray(2)).u64() as Epoch;

/** Bytes of the largest legal message of a kind. A proof of a later epoch is as large as that epoch's table, which a node that is behind does not know. */
export const bytesMaxOf = (kindCode: number | undefined, { messageBytesMax }: WireLimits): number =>
  kindCode === MESSAGE_KINDS.epochChange ? Math.max(messageBytesMax, BROKER_PAYLOAD_BYTES) : messageBytesMax;

/** Reads the frame of a message: cheap, so that membership and slot can be checked before anything else is done. */
export const decodeFrame = (bytes: Uint8Array, limits: WireLimits): Frame | Rejection =>
  decodeFrameOf(WIRE_VERSION, bytes, limits);

/** As decodeFrame, with another first byte: what follows the signature is then that layout's business. */
export function decodeFrameOf(expected: number, bytes: Uint8Array, limits: WireLimits): Frame | Rejection {
  const bytesMax = bytesMaxOf(bytes[1], limits);
  if (bytes.length > bytesMax) return reject('oversized', `${String(bytes.length)} bytes, at most ${String(bytesMax)}`);
  try {
    const reader = new Reader(bytes);
    const version = reader.u8();
    if (version !== expected) return reject('unsupported_version', `wire version ${String(version)}`);
    const code = reader.u8();
    const kind = KIND_OF_CODE.get(code);
    if (kind === undefined) return reject('unknown_kind', `kind ${String(code)}`);
    const epoch = reader.u64() as Epoch;
    const sender = reader.u16() as MemberIndex;
    const view = reader.u64() as View;
    const sequence = reader.u64() as Sequence;
    const digest = reader.digest();
    const signature = reader.short(limits.signatureBytesMax);
    return { statement: { kind, epoch, view, sequence, digest, sender }, signature, payload: reader.raw(reader.left) };
  } catch (error) {
    return malformed(error);
  }
}

/** Reads a frame's payload, and checks that the signed digest is the payload's. Envelopes that are `known` are not read again. */
export function decodePayload(
  hash: Hash,
  frame: Frame,
  limits: WireLimits,
  known?: KnownEnvelopes,
): Signed | Rejection {
  const { statement, signature, payload } = frame;
  try {
    const message = readPayload(hash, statement, payload, limits, known);
    const digest = digestOf(hash, message, payload);
    if (digest !== undefined && digest !== statement.digest)
      return reject('bad_digest', `${statement.kind}: the digest is not the content's`);
    return { ...message, signature };
  } catch (error) {
    return malformed(error);
  }
}

function malformed(error: unknown): Rejection {
  if (error instanceof LayoutError) return reject('malformed', error.message);
  throw error;
}

/** What the signed digest must be; undefined where only the signer knows. */
function digestOf(hash: Hash, message: Content, payload: Uint8Array): Digest | undefined {
  switch (message.kind) {
    case 'prepare':
    case 'commit':
    case 'vote':
      return undefined;
    case 'prePrepare':
      return message.batch?.digest;
    case 'checkpoint':
      return checkpointDigest(hash, message.sequence, message.content);
    case 'proposal':
      return blockDigest(hash, headerOf(message));
    case 'timeout':
      return timeoutDigest(hash, message.highest);
    default:
      return payloadDigest(hash, message, payload);
  }
}

const zero = (value: number, what: string): void => {
  if (value !== 0) throw new LayoutError(`${what} must be 0`);
};

function readOptionalBatch(
  hash: Hash,
  payload: Uint8Array,
  limits: WireLimits,
  known: KnownEnvelopes | undefined,
): Batch | undefined {
  return payload.length === 0 ? undefined : decodeBatch(hash, payload, limits, known);
}

function readPayload(
  hash: Hash,
  statement: Statement,
  payload: Uint8Array,
  limits: WireLimits,
  known: KnownEnvelopes | undefined,
): Content {
  const reader = new Reader(payload);
  switch (statement.kind) {
    case 'prepare':
    case 'commit':
    case 'vote':
      reader.end();
      return statement as Content;
    case 'prePrepare': {
      const batch = readOptionalBatch(hash, payload, limits, known);
      if (batch !== undefined && statement.digest === NULL_DIGEST)
        throw new LayoutError('the null batch has no content');
      return { ...statement, kind: 'prePrepare', batch };
    }
    case 'checkpoint': {
      zero(statement.view, 'view');
      const content = readContent(reader);
      reader.end();
      return { ...statement, kind: 'checkpoint', content };
    }
    case 'viewChange':
      return readViewChange(reader, { ...statement, kind: 'viewChange' }, limits);
    case 'newView':
      return readNewView(reader, { ...statement, kind: 'newView' }, limits);
    case 'status':
      return readStatus(reader, { ...statement, kind: 'status' }, limits);
    case 'fetch':
      return readFetch(reader, { ...statement, kind: 'fetch' });
    case 'epochChange': {
      // Its certificate is another epoch's, which may have been larger.
      const table = decodeEpochTable(reader.long(payload.length));
      const certificate = readCheckpointCertificate(reader, ANY_EPOCH_LIMITS);
      reader.end();
      return { ...statement, kind: 'epochChange', change: { table, certificate } };
    }
    case 'snapshot':
      return readSnapshot(reader, { ...statement, kind: 'snapshot' });
    case 'chunk':
      return readChunk(reader, { ...statement, kind: 'chunk' });
    case 'batch':
      return { ...statement, kind: 'batch', batch: decodeBatch(hash, payload, limits) };
    case 'decided': {
      const certificate = readCommitCertificate(reader, limits);
      if (certificate.view !== statement.view || certificate.sequence !== statement.sequence)
        throw new LayoutError('the certificate is for another view or sequence');
      const batch = readOptionalBatch(hash, reader.raw(reader.left), limits, known);
      if ((batch?.digest ?? NULL_DIGEST) !== certificate.digest)
        throw new LayoutError('the batch is not the certified one');
      return { ...statement, kind: 'decided', certificate, batch };
    }
    case 'proposal':
      return readProposal(hash, reader, { ...statement, kind: 'proposal' }, limits, known);
    case 'timeout':
      zero(statement.sequence, 'sequence');
      return readTimeout(reader, { ...statement, kind: 'timeout' }, limits);
    case 'syncInfo':
      zero(statement.sequence, 'sequence');
      return readSyncInfo(reader, { ...statement, kind: 'syncInfo' }, limits);
    case 'stable':
      zero(statement.view, 'view');
      return readStable(reader, { ...statement, kind: 'stable' }, limits);
    case 'requests': {
      const count = reader.count(limits.requestsMax, 5);
      const envelopes = [];
      // Each in an array of its own: one that waits long must not keep the whole message in memory.
      for (let i = 0; i < count; i++) {
        envelopes.push(decodeEnvelope(hash, reader.long(limits.envelopeBytesMax).slice(), limits));
      }
      reader.end();
      return { ...statement, kind: 'requests', envelopes };
    }
  }
}

function readViewChange(reader: Reader, statement: Statement<'viewChange'>, limits: WireLimits): Content {
  zero(statement.sequence, 'sequence');
  const flag = reader.u8();
  if (flag > 1) throw new LayoutError('checkpoint flag must be 0 or 1');
  const stable = flag === 1 ? readCheckpointCertificate(reader, limits) : undefined;
  const count = reader.u32();
  if (count > limits.windowSize) throw new LayoutError(`${String(count)} prepared certificates`);
  const prepared: PreparedCertificate[] = [];
  const low = stable?.sequence ?? limits.baseSequence;
  let previous: number = low;
  for (let i = 0; i < count; i++) {
    const certificate = readPreparedCertificate(reader, limits);
    if (certificate.sequence <= previous || certificate.sequence > low + limits.windowSize)
      throw new LayoutError('prepared sequences do not ascend in the window');
    if (certificate.view >= statement.view) throw new LayoutError('prepared in a view that is not below the new one');
    previous = certificate.sequence;
    prepared.push(certificate);
  }
  reader.end();
  return { ...statement, stable, prepared };
}

function readNewView(reader: Reader, statement: Statement<'newView'>, limits: WireLimits): Content {
  zero(statement.sequence, 'sequence');
  const references = reader.count(limits.membersMax, 34);
  const viewChanges = [];
  let previous = -1;
  for (let i = 0; i < references; i++) {
    const sender = reader.u16() as MemberIndex;
    if (sender <= previous) throw new LayoutError('VIEW-CHANGE senders do not ascend');
    previous = sender;
    viewChanges.push({ sender, digest: reader.digest() });
  }
  const count = reader.u32();
  if (count > limits.windowSize) throw new LayoutError(`${String(count)} entries`);
  const entries: NewViewEntry[] = [];
  for (let i = 0; i < count; i++) {
    const sequence = reader.u64() as Sequence;
    const last = entries.at(-1);
    if (sequence === 0 || (last !== undefined && sequence !== last.sequence + 1))
      throw new LayoutError('entries are not consecutive');
    entries.push({ sequence, digest: reader.digest(), signature: reader.short(limits.signatureBytesMax) });
  }
  reader.end();
  return { ...statement, viewChanges, entries };
}
