import type {
  CheckpointCertificate,
  CheckpointContent,
  CommitCertificate,
  PreparedCertificate,
  VoteSignature,
} from './certificates';
import type { MemberIndex, Sequence, View } from './ids';
import { LayoutError, type Reader, type Writer } from './wire';

/** Upper bounds of a certificate, from the epoch table. */
export interface CertificateLimits {
  readonly membersMax: number;
  readonly signatureBytesMax: number;
}

function writeSignatures(writer: Writer, signatures: readonly VoteSignature[]): void {
  writer.u16(signatures.length);
  for (const { sender, signature } of signatures) writer.u16(sender).short(signature);
}

function readSignatures(reader: Reader, limits: CertificateLimits): VoteSignature[] {
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
}

/** Reads a commit certificate. Throws a LayoutError. */
export function readCommitCertificate(reader: Reader, limits: CertificateLimits): CommitCertificate {
  return {
    view: reader.u64() as View,
    sequence: reader.u64() as Sequence,
    digest: reader.digest(),
    signatures: readSignatures(reader, limits),
  };
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
