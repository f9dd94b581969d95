import type { Judge } from '@concordat/consensus';
import type { Digest, Hash } from '@concordat/protocol';
import { createEvidenceJudge } from '@concordat/records';
import type { SignatureSuite } from './signature-suite';

/** What a judge judges by. */
export interface JudgeOptions {
  readonly swarmId: Digest;
  readonly hash: Hash;
  readonly suite: SignatureSuite;
}

/** Judges approvals and proofs inside system requests, by the signatures of a suite. */
export const createJudge = ({ swarmId, hash, suite }: JudgeOptions): Judge =>
  createEvidenceJudge({
    swarmId,
    hash,
    verify: (publicKey, bytes, signature) => suite.verify(publicKey, bytes, signature),
  });
