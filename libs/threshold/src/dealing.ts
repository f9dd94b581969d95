import { equalBytes, invariant } from '@concordat/protocol';
import { challengeBit, CHALLENGE_BYTES, decodeDealing, encodeDealing, type Dealing } from './dealing-codec';
import { hashToScalar, thresholdHash, u16 } from './hashing';
import type { KeyInstance } from './instance';
import { evaluate, evaluateCommitments } from './polynomial';
import { isThresholdRefusal, refuse, type ThresholdRefusal } from './refusal';

/** Bytes of the randomness that a dealer brings. */
export const DEALER_SEED_BYTES = 32;

/** What hides `index`'s share in a round: a hash of the point that its key and the round's ephemeral key share. */
function maskOf<P>(
  instance: KeyInstance<P>,
  dealer: number,
  round: number,
  index: number,
  point: P,
  shared: P,
): bigint {
  const { group, context } = instance;
  const place = [u16(dealer), u16(round), u16(index)];
  return hashToScalar(group, 'mask', context, ...place, group.encode(point), group.encode(shared));
}

interface CommittedRound<P> {
  readonly point: P;
  /** Each member's mask times the base. */
  readonly maskPoints: readonly P[];
}

/** All masks of a round, from its ephemeral secret. */
function masksOf<P>(
  instance: KeyInstance<P>,
  dealer: number,
  round: number,
  ephemeral: bigint,
  scale: (point: P, scalar: bigint) => P,
) {
  const { group, encryptionKeys } = instance;
  const point = scale(group.base, ephemeral);
  const masks = encryptionKeys.map((key, at) => maskOf(instance, dealer, round, at + 1, point, scale(key, ephemeral)));
  return { point, masks };
}

/** The strong Fiat-Shamir challenge: instance, dealer, all commitments and every point of every round. */
function challengeOf<P>(
  instance: KeyInstance<P>,
  dealer: number,
  commitments: readonly P[],
  rounds: readonly CommittedRound<P>[],
): Uint8Array {
  const { group, context } = instance;
  const points = [...commitments, ...rounds.flatMap(({ point, maskPoints }) => [point, ...maskPoints])];
  const hash = thresholdHash('challenge', context, u16(dealer), ...points.map((point) => group.encode(point)));
  return hash.slice(0, CHALLENGE_BYTES);
}

/**
 * A dealing as bytes, the same for the same seed: a dealer that restarts deals the same. `seed` is 32 bytes of the dealer's own fresh
 * randomness; whoever has it has the dealer's part of the key. Throws a RangeError for a seed of another length.
 */
export function makeDealing<P>(instance: KeyInstance<P>, dealer: number, seed: Uint8Array): Uint8Array {
  const { group, threshold, encryptionKeys, context } = instance;
  if (seed.length !== DEALER_SEED_BYTES) throw new RangeError(`a seed has ${String(DEALER_SEED_BYTES)} bytes`);
  invariant(Number.isInteger(dealer) && dealer >= 1 && dealer <= encryptionKeys.length, 'a dealer is a member');
  const drawn = (purpose: 'coefficient' | 'ephemeral', at: number): bigint =>
    hashToScalar(group, purpose, seed, context, u16(dealer), u16(at));
  const coefficients = Array.from({ length: threshold }, (_, at) => drawn('coefficient', at));
  const commitments = coefficients.map((coefficient) => group.scale(group.base, coefficient));
  const secrets = Array.from({ length: instance.rounds }, (_, round) => {
    const ephemeral = drawn('ephemeral', round);
    return { ephemeral, ...masksOf(instance, dealer, round, ephemeral, (a, k) => group.scale(a, k)) };
  });
  const committed = secrets.map(({ point, masks }) => ({
    point,
    maskPoints: masks.map((mask) => group.scale(group.base, mask)),
  }));
  const challenge = challengeOf(instance, dealer, commitments, committed);
  const shares = encryptionKeys.map((_, at) => evaluate(group.order, coefficients, BigInt(at + 1)));
  const rounds = secrets.map(({ ephemeral, point, masks }, round) =>
    challengeBit(challenge, round) === 0
      ? { ephemeral }
      : { point, masked: masks.map((mask, at) => (mask + (shares[at] ?? 0n)) % group.order) },
  );
  return encodeDealing(group, { dealer, commitments, challenge, rounds });
}

/** A dealing whose proof holds, and what it makes public of each member's share. */
export interface CheckedDealing<P> extends Dealing<P> {
  /** Share of member i times the base, at i - 1. */
  readonly publicShares: readonly P[];
  /** 64 bytes over the dealing's bytes. */
  readonly digest: Uint8Array;
}

/**
 * Checks a dealing that `sender` had ordered: a pure function of instance, sender and bytes. After it, each member that has its
 * encryption key's secret can take its share out: nobody needs to complain, or to be heard.
 */
export function checkDealing<P>(
  instance: KeyInstance<P>,
  sender: number,
  bytes: Uint8Array,
): CheckedDealing<P> | ThresholdRefusal {
  const { group, context, encryptionKeys } = instance;
  const dealing = decodeDealing(instance, bytes);
  if (isThresholdRefusal(dealing)) return dealing;
  const { dealer, commitments, challenge } = dealing;
  if (dealer !== sender) return refuse('not_a_member', `member ${String(sender)} deals as ${String(dealer)}`, sender);
  const publicShares = encryptionKeys.map((_, at) => evaluateCommitments(group, commitments, BigInt(at + 1)));
  const committed = dealing.rounds.map((round, at): CommittedRound<P> => {
    if ('ephemeral' in round) {
      const { point, masks } = masksOf(instance, dealer, at, round.ephemeral, (a, k) => group.scalePublic(a, k));
      return { point, maskPoints: masks.map((mask) => group.scalePublic(group.base, mask)) };
    }
    const maskPoints = publicShares.map((share, who) =>
      group.subtract(group.scalePublic(group.base, round.masked[who] ?? 0n), share),
    );
    return { point: round.point, maskPoints };
  });
  if (!equalBytes(challengeOf(instance, dealer, commitments, committed), challenge))
    return refuse('bad_proof', `the proof of the dealing of member ${String(dealer)} does not hold`, dealer);
  return { ...dealing, publicShares, digest: thresholdHash('dealing', context, bytes) };
}

/** The share that a checked dealing holds for the member with this decryption secret. */
export function openShare<P>(
  instance: KeyInstance<P>,
  dealing: CheckedDealing<P>,
  index: number,
  decryptionSecret: bigint,
): bigint | ThresholdRefusal {
  const { group } = instance;
  const expected = dealing.publicShares[index - 1];
  if (expected === undefined) return refuse('not_a_member', `no member ${String(index)}`, index);
  for (const [at, round] of dealing.rounds.entries()) {
    if ('ephemeral' in round) continue;
    const shared = group.scale(round.point, decryptionSecret);
    const mask = maskOf(instance, dealing.dealer, at, index, round.point, shared);
    const share = ((round.masked[index - 1] ?? 0n) - mask + group.order) % group.order;
    if (group.equal(group.scale(group.base, share), expected)) return share;
  }
  return refuse('bad_share', `no round of dealer ${String(dealing.dealer)} opens with this secret`, index);
}
