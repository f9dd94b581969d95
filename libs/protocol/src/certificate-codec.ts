import {
  UNDECIDED_MAX,
  type CheckpointCertificate,
  type CheckpointContent,
  type CommitCertificate,
  type CommitChain,
  type PreparedCertificate,
  type VoteSignature,
} from './certificates';
import type { MemberIndex, Sequence, View } from './ids';
import { LayoutError, type Reader, type Writer } from './wire';

/** Upper bounds of a certificate, from the epoch table. */
export interface CertificateLimits {
  readonly membersMax: number;
  readonly signatureBytesMax: number;
  /** Commit certificates have a chain of blocks. */
  readonly chained: boolean;
}

/** Appends signatures. */
export function writeSignatures(writer: Writer, signatures: readonly VoteSignature[]): void {
  writer.u16(signatures.length);
  for (const { sender, signature } of signatures) writer.u16(sender).short(signature);
}

/** Reads signatures. Throws a LayoutError. */
export function readSignatures(reader: Reader, limits: CertificateLimits): VoteSignature[] {
  const count = reader.count(limits.membersMax, 4);
  const signatures: VoteSignature[] = [];
  let previous = -1;
  for (let i = 0; i < count; i++) {
    const sender = reader.u16() as MemberIndex;
    if (sender <= previous) throw new LayoutError('signers do not ascend');
    previous = sender;
    signatures.push({ sender, signature: reader.short(limits.signatureBytesMax) });
  }
  return signatures;
}

/** Appends what a checkpoint says. */
export function writeContent(writer: Writer, content: CheckpointContent): void {
  writer.digest(content.stateDigest).u64(content.boundary).digest(content.nextTableHash);
}

/** Reads what a checkpoint says. Throws a LayoutError. */
export const readContent = (reader: Reader): CheckpointContent => ({
  stateDigest: reader.digest(),
  boundary: reader.u64() as Sequence,
  nextTableHash: reader.digest(),
});

/** Appends a commit certificate. */
export function writeCommitCertificate(writer: Writer, certificate: CommitCertificate): void {
  writer.u64(certificate.view).u64(certificate.sequence).digest(certificate.digest);
  writeSignatures(writer, certificate.signatures);
  if (certificate.chain === undefined) return;
  const { parent, above } = certificate.chain;
  writer.u64(parent.view).digest(parent.digest).u16(above.length);
  for (const { view, batch } of above) writer.u64(view).digest(batch);
}

/** Reads a commit certificate. Throws a LayoutError. */
export function readCommitCertificate(reader: Reader, limits: CertificateLimits): CommitCertificate {
  const certificate = {
    view: reader.u64() as View,
    sequence: reader.u64() as Sequence,
    digest: reader.digest(),
    signatures: readSignatures(reader, limits),
  };
  return limits.chained ? { ...certificate, chain: readChain(reader) } : certificate;
}

function readChain(reader: Reader): CommitChain {
  const parent = { view: reader.u64() as View, digest: reader.digest() };
  const count = reader.count(UNDECIDED_MAX, 40);
  const above: CommitChain['above'][number][] = [];
  for (let i = 0; i < count; i++) above.push({ view: reader.u64() as View, batch: reader.digest() });
  return { parent, above };
}

/** Appends a prepared certificate. */
export function writePreparedCertificate(writer: Writer, certificate: PreparedCertificate): void {
  writer.u64(certificate.view).u64(certificate.sequence).digest(certificate.digest).short(certificate.leaderSignature);
  writeSignatures(writer, certificate.signatures);
}

/** Reads a prepared certificate. Throws a LayoutError. */
export function readPreparedCertificate(reader: Reader, limits: CertificateLimits): PreparedCertificate {
  return {
    view: reader.u64() as View,
    sequence: reader.u64() as Sequence,
    digest: reader.digest(),
    leaderSignature: reader.short(limits.signatureBytesMax),
    signatures: readSignatures(reader, limits),
  };
}

/** Appends a checkpoint certificate. */
export function writeCheckpointCertificate(writer: Writer, certificate: CheckpointCertificate): void {
  writer.u64(certificate.sequence);
  writeContent(writer, certificate.content);
  writeSignatures(writer, certificate.signatures);
}

/** Reads a checkpoint certificate. Throws a LayoutError. */
export function readCheckpointCertificate(reader: Reader, limits: CertificateLimits): CheckpointCertificate {
  return {
    sequence: reader.u64() as Sequence,
    content: readContent(reader),
    signatures: readSignatures(reader, limits),
  };
}
