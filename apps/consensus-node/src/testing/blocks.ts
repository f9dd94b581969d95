import { type CommittedBlock } from '@concordat/consensus';
import { digest, millis, sequence, type View } from '@concordat/protocol';

const zero = digest('0'.repeat(64));

/** A decided sequence that orders nothing. */
export const blockOf = (at: number, view: View): CommittedBlock => ({
  sequence: sequence(at),
  batch: undefined,
  certificate: { view, sequence: sequence(at), digest: zero, signatures: [] },
  logTime: millis(0),
  outcomes: new Uint8Array(0),
  headDigest: zero,
  changes: [],
});
