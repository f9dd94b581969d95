import type { QuorumCertificate, TimeoutCertificate, TimeoutSignature, ViewProof } from './linear-certificates';
import { decodeBatch, encodeBatch } from './batch';
import type { BlockHeader, BlockReference } from './block';
import {
  readCheckpointCertificate,
  readSignatures,
  writeCheckpointCertificate,
  writeSignatures,
  type CertificateLimits,
} from './certificate-codec';
import { NULL_DIGEST, type Hash } from './hash';
import type { MemberIndex, Sequence, View } from './ids';
import type { Statement } from './kinds';
import type { Proposal, StableProof, SyncInfo, Timeout } from './messages';

import type { KnownEnvelopes } from './request';
import { LayoutError, type Reader, type Writer } from './wire';
import type { WireLimits } from './wire-limits';

/**
 * Appends the payload of a message of the linear engine. Throws a RangeError for a proposal without the batch that its header
 * names: nobody could read it.
 */
export function writeLinear(writer: Writer, message: Proposal | Timeout | SyncInfo | StableProof): void {
  switch (message.kind) {
    case 'proposal':
      if ((message.batch?.digest ?? NULL_DIGEST) !== message.batchDigest)
        throw new RangeError('a proposal without the batch that its header names');
      writeReference(writer, message.parent);
      writer.digest(message.batchDigest);
      writeViewProof(writer, message);
      if (message.batch !== undefined) writer.raw(encodeBatch(message.batch));
      break;
    case 'timeout':
      writeReference(writer, message.highest);
      writeViewProof(writer, message);
      break;
    case 'syncInfo':
      writeViewProof(writer, message);
      break;
    case 'stable':
      writeCheckpointCertificate(writer, message.certificate);
      break;
  }
}

const writeReference = (writer: Writer, { view, digest }: BlockReference): Writer => writer.u64(view).digest(digest);

const readReference = (reader: Reader): BlockReference => ({ view: reader.u64() as View, digest: reader.digest() });

function writeViewProof(writer: Writer, { justify, timeouts }: ViewProof): void {
  writer.u8((justify === undefined ? 0 : 1) | (timeouts === undefined ? 0 : 2));
  if (justify !== undefined) {
    writer.u64(justify.view).u64(justify.sequence).digest(justify.digest);
    writeSignatures(writer, justify.signatures);
  }
  if (timeouts === undefined) return;
  writer.u64(timeouts.view).u16(timeouts.timeouts.length);
  for (const { sender, highest, signature } of timeouts.timeouts) {
    writer.u16(sender);
    writeReference(writer, highest).short(signature);
  }
}

function readViewProof(reader: Reader, limits: CertificateLimits): ViewProof {
  const flags = reader.u8();
  if (flags > 3) throw new LayoutError('unknown certificate flags');
  const justify = (flags & 1) === 0 ? undefined : readQuorumCertificate(reader, limits);
  const timeouts = (flags & 2) === 0 ? undefined : readTimeoutCertificate(reader, limits);
  return { justify, timeouts };
}

const readQuorumCertificate = (reader: Reader, limits: CertificateLimits): QuorumCertificate => ({
  view: reader.u64() as View,
  sequence: reader.u64() as Sequence,
  digest: reader.digest(),
  signatures: readSignatures(reader, limits),
});

function readTimeoutCertificate(reader: Reader, limits: CertificateLimits): TimeoutCertificate {
  const view = reader.u64() as View;
  const count = reader.count(limits.membersMax, 2 + 40 + 2);
  const timeouts: TimeoutSignature[] = [];
  let previous = -1;
  for (let i = 0; i < count; i++) {
    const sender = reader.u16() as MemberIndex;
    if (sender <= previous) throw new LayoutError('signers do not ascend');
    previous = sender;
    timeouts.push({ sender, highest: readReference(reader), signature: reader.short(limits.signatureBytesMax) });
  }
  return { view, timeouts };
}

/** The header of the block that a proposal is about. */
export const headerOf = ({ view, sequence, parent, batchDigest }: Proposal): BlockHeader => ({
  view,
  sequence,
  parent,
  batch: batchDigest,
});

/** Reads a proposal; its batch must be the one that the header names. Throws a LayoutError. */
export function readProposal(
  hash: Hash,
  reader: Reader,
  statement: Statement<'proposal'>,
  limits: WireLimits,
  known: KnownEnvelopes | undefined,
): Proposal {
  const parent = readReference(reader);
  const batchDigest = reader.digest();
  const proof = readViewProof(reader, limits);
  const rest = reader.raw(reader.left);
  const batch = rest.length === 0 ? undefined : decodeBatch(hash, rest, limits, known);
  if ((batch?.digest ?? NULL_DIGEST) !== batchDigest)
    throw new LayoutError('the batch is not the one that the header names');
  return { ...statement, parent, batchDigest, ...proof, batch };
}

/** Reads a TIMEOUT. Throws a LayoutError. */
export function readTimeout(reader: Reader, statement: Statement<'timeout'>, limits: CertificateLimits): Timeout {
  const highest = readReference(reader);
  const proof = readViewProof(reader, limits);
  reader.end();
  return { ...statement, highest, ...proof };
}

/** Reads a SYNC-INFO. Throws a LayoutError. */
export function readSyncInfo(reader: Reader, statement: Statement<'syncInfo'>, limits: CertificateLimits): SyncInfo {
  const proof = readViewProof(reader, limits);
  reader.end();
  return { ...statement, ...proof };
}

/** Reads a STABLE. Throws a LayoutError. */
export function readStable(reader: Reader, statement: Statement<'stable'>, limits: CertificateLimits): StableProof {
  const certificate = readCheckpointCertificate(reader, limits);
  reader.end();
  if (certificate.sequence !== statement.sequence) throw new LayoutError('the certificate is for another sequence');
  return { ...statement, certificate };
}
