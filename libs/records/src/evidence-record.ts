import type { Evidence, SignedStatement } from '@concordat/consensus';
import {
  decodeFrame,
  decodePayload,
  encodeMessage,
  epochOfMessage,
  isRejection,
  LayoutError,
  MESSAGE_KINDS,
  Writer,
  type Epoch,
  type Hash,
  type MemberIndex,
  type MessageKind,
  type Reader,
  type Sequence,
  type Signed,
  type View,
  type WireLimits,
} from '@concordat/protocol';

const EQUIVOCATION = 1;
const CONTRADICTORY_NEW_VIEW = 2;
const KIND_OF_CODE = new Map<number, MessageKind>(
  Object.entries(MESSAGE_KINDS).map(([kind, code]) => [code, kind as MessageKind]),
);

function writeStatement(writer: Writer, { statement, signature }: SignedStatement): void {
  const { kind, epoch, view, sequence, digest, sender } = statement;
  writer.u8(MESSAGE_KINDS[kind]).u64(epoch).u64(view).u64(sequence).digest(digest).u16(sender).short(signature);
}

function readStatement(reader: Reader): SignedStatement {
  const kind = KIND_OF_CODE.get(reader.u8());
  if (kind === undefined) throw new LayoutError('no such kind of message');
  const statement = {
    kind,
    epoch: reader.u64() as Epoch,
    view: reader.u64() as View,
    sequence: reader.u64() as Sequence,
    digest: reader.digest(),
    sender: reader.u16() as MemberIndex,
  };
  return { statement, signature: reader.short() };
}

/** Bytes of a proof, as the vote log keeps it. */
export function encodeEvidence(evidence: Evidence): Uint8Array {
  const writer = new Writer(512);
  if (evidence.kind === 'equivocation') {
    writer.u8(EQUIVOCATION);
    writeStatement(writer, evidence.first);
    writeStatement(writer, evidence.second);
    return writer.bytes();
  }
  writer.u8(CONTRADICTORY_NEW_VIEW).long(encodeMessage(evidence.newView)).u16(evidence.viewChanges.length);
  for (const part of evidence.viewChanges) writer.long(encodeMessage(part));
  return writer.bytes();
}

/** Bounds of an epoch's messages; undefined for an epoch that is not known, or of which nothing is wanted. */
export type LimitsOfEpoch = (epoch: Epoch) => WireLimits | undefined;

/**
 * Reads what encodeEvidence wrote. Each message inside is read by the bounds of its own epoch: a VIEW-CHANGE counts from
 * where that begins. Throws a LayoutError. Its signatures were checked before it was written.
 */
export function decodeEvidence(hash: Hash, reader: Reader, limitsOf: LimitsOfEpoch): Evidence {
  const code = reader.u8();
  if (code === EQUIVOCATION) {
    const first = readStatement(reader);
    const second = readStatement(reader);
    reader.end();
    return { kind: 'equivocation', accused: first.statement.sender, first, second };
  }
  if (code !== CONTRADICTORY_NEW_VIEW) throw new LayoutError(`no such proof: ${String(code)}`);
  const newView = readMessage(hash, reader, limitsOf);
  if (newView.kind !== 'newView') throw new LayoutError(`a ${newView.kind} in place of a NEW-VIEW`);
  const count = reader.count(limitsOf(newView.epoch)?.membersMax ?? 0, 4);
  const viewChanges: Signed[] = [];
  for (let i = 0; i < count; i++) viewChanges.push(readMessage(hash, reader, limitsOf));
  reader.end();
  return { kind: 'contradictory-new-view', accused: newView.sender, newView, viewChanges };
}

function readMessage(hash: Hash, reader: Reader, limitsOf: LimitsOfEpoch): Signed {
  const bytes = reader.long(reader.left);
  const epoch = epochOfMessage(bytes);
  const limits = limitsOf(epoch);
  if (limits === undefined) throw new LayoutError(`a message of epoch ${String(epoch)}`);
  const frame = decodeFrame(bytes, limits);
  const message = isRejection(frame) ? frame : decodePayload(hash, frame, limits);
  if (isRejection(message)) throw new LayoutError(`${message.code}: ${message.reason}`);
  return message;
}
