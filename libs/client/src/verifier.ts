import { statementBytes, type Committee, type Digest, type Hash, type StatementVerifier } from '@concordat/protocol';

/** What the verifier takes from its platform: both are pure functions. */
export interface VerifierPrimitives {
  /** Verdict of the genesis's signature scheme. Must never throw. */
  readonly verifySignature: (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;
  /** SHA-256. */
  readonly hash: Hash;
}

/** Checks members' signatures with the keys of one epoch. */
export const statementVerifier =
  (committee: Committee, swarmId: Digest, { verifySignature }: VerifierPrimitives): StatementVerifier =>
  (statement, signature) => {
    const publicKey = committee.member(statement.sender)?.publicKey;
    const domain = { swarmId, tableHash: committee.hash };
    return publicKey !== undefined && verifySignature(publicKey, statementBytes(domain, statement), signature);
  };
