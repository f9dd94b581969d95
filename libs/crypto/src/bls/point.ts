import { createRequire } from 'node:module';
import type { MemberIndex } from '@concordat/protocol';
import type * as Blst from '@chainsafe/blst';
import { refuse, type BlsPart, type BlsRefusal, type BlsRefusalCode } from './refusal';

/** Bytes of a public key: a compressed point of G1. */
export const BLS_PUBLIC_KEY_BYTES = 48;
/** Bytes of a signature, an aggregate or a proof of possession: a compressed point of G2. */
export const BLS_SIGNATURE_BYTES = 96;

let loaded: typeof Blst | undefined;

function load(): typeof Blst {
  try {
    return createRequire(__filename)('@chainsafe/blst') as typeof Blst;
  } catch (error) {
    throw new Error('BLS needs @chainsafe/blst, which does not load on this platform', { cause: error });
  }
}

/**
 * The binding of blst. Loaded when it is first needed: where its binary is missing, loading throws, and that must stop a swarm
 * with BLS certificates only.
 */
export function blst(): typeof Blst {
  loaded ??= load();
  return loaded;
}

const FAULTS = new Map<unknown, { readonly code: BlsRefusalCode; readonly what: string }>([
  ['BLST_BAD_ENCODING', { code: 'malformed', what: 'is no canonical compressed point' }],
  ['BLST_POINT_NOT_ON_CURVE', { code: 'not_on_curve', what: 'is not on the curve' }],
  ['BLST_POINT_NOT_IN_GROUP', { code: 'outside_subgroup', what: 'is on the curve, but outside the subgroup' }],
  // The binding has this one name for keys and signatures.
  ['BLST_PK_IS_INFINITY', { code: 'identity_point', what: 'is the identity point' }],
]);

function read<Point>(
  bytes: Uint8Array,
  length: number,
  parse: (bytes: Uint8Array) => Point,
  part: BlsPart,
  member: MemberIndex | undefined,
): Point | BlsRefusal {
  // The binding takes the uncompressed encoding too: a second way to write the same point.
  if (bytes.length !== length) {
    return refuse('malformed', part, `has ${String(length)} bytes, not ${String(bytes.length)}`, member);
  }
  try {
    return parse(bytes);
  } catch (error) {
    const fault = FAULTS.get((error as { code?: unknown }).code);
    if (fault === undefined) throw error;
    return refuse(fault.code, part, fault.what, member);
  }
}

/** A point of G1 that may be a public key: canonical, of order r. */
export const readPublicKey = (bytes: Uint8Array, member?: MemberIndex): Blst.PublicKey | BlsRefusal =>
  read(bytes, BLS_PUBLIC_KEY_BYTES, (key) => blst().PublicKey.fromBytes(key, true), 'public key', member);

/** A point of G2 that may be a signature: canonical, of order r. */
export const readSignature = (
  bytes: Uint8Array,
  part: Exclude<BlsPart, 'public key'>,
  member?: MemberIndex,
): Blst.Signature | BlsRefusal =>
  read(bytes, BLS_SIGNATURE_BYTES, (point) => blst().Signature.fromBytes(point, true, true), part, member);

/** A point of G2's curve, for sums whose own order is checked: a third of the cost. It may be the identity, or outside the subgroup. */
export const readSummand = (bytes: Uint8Array, member: MemberIndex): Blst.Signature | BlsRefusal =>
  read(bytes, BLS_SIGNATURE_BYTES, (point) => blst().Signature.fromBytes(point, false), 'signature', member);
