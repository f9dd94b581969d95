import type { MemberIndex } from '@concordat/protocol';

/** Why a key, a proof, a signature or an aggregate was refused. The set is closed. */
export const BLS_REFUSAL_CODES = [
  'malformed', // another length, wrong flag bits, or a coordinate that is not below p
  'not_on_curve', // no point has that x
  'outside_subgroup', // on the curve, but not of order r
  'identity_point', // the point at infinity: everybody's and nobody's
  'no_possession', // a key without a proof that somebody has its private key
  'bad_possession', // a proof by another key, or of another one
  'duplicate_key', // a key that another member has already
  'no_signers', // an empty set
  'bad_bitmap', // a second way to write a set: its last byte is 0
  'not_a_member', // a signer outside the committee
  'signer_twice', // two signatures in one member's name
  'bad_signature', // well formed, and not what the signers make of the message
] as const;

/** A code of BLS_REFUSAL_CODES. */
export type BlsRefusalCode = (typeof BLS_REFUSAL_CODES)[number];

/** What was looked at when it was refused. */
export type BlsPart = 'public key' | 'proof of possession' | 'signature' | 'aggregate';

/** A refusal as a value: a peer's fault never throws. `reason` is for people; the rest is for machines. */
export interface BlsRefusal {
  readonly refused: true;
  readonly code: BlsRefusalCode;
  readonly part: BlsPart;
  /** Whose part it was, where it was one member's. */
  readonly member?: MemberIndex;
  readonly reason: string;
}

/** Builds a BlsRefusal. */
export function refuse(code: BlsRefusalCode, part: BlsPart, what: string, member?: MemberIndex): BlsRefusal {
  const whose = member === undefined ? part : `${part} of member ${String(member)}`;
  const reason = `${whose}: ${what}`;
  return member === undefined ? { refused: true, code, part, reason } : { refused: true, code, part, member, reason };
}

/** Tells a BlsRefusal from any other result. */
export const isBlsRefusal = (value: unknown): value is BlsRefusal =>
  typeof value === 'object' && value !== null && (value as { refused?: unknown }).refused === true;
