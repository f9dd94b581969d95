import { digest } from '@concordat/protocol';
import { makeDealing } from '../dealing';
import type { Group } from '../group';
import { createInstanceWithRounds, type KeyInstance, type KeyInstanceOptions } from '../instance';
import { KeyGeneration, type SharedKey } from '../key-generation';
import type { KeyShare } from '../key-share';
import { isThresholdRefusal, type ThresholdRefusal } from '../refusal';

/** Rounds in tests: a lie passes once in 2^8. */
export const ROUNDS = 8;

/** 32 bytes of `value`. */
export const filled = (value: number): Uint8Array => new Uint8Array(32).fill(value);

/** The value, where a refusal would be the test's own mistake. */
export function good<V>(value: V | ThresholdRefusal | undefined): V {
  if (value === undefined) throw new Error('nothing there');
  if (isThresholdRefusal(value)) throw new Error(value.reason);
  return value;
}

/** Secret of member `index`'s encryption key. */
export const decryptionSecret = (index: number): bigint => 1000n + BigInt(index);

/** Options of an instance among `members`. */
export function optionsFor<P>(
  group: Group<P>,
  members: number,
  faulty: number,
  threshold: number,
): KeyInstanceOptions<P> {
  const encryptionKeys = Array.from({ length: members }, (_, at) =>
    group.encode(group.scale(group.base, decryptionSecret(at + 1))),
  );
  return {
    group,
    swarm: digest('11'.repeat(32)),
    table: digest('22'.repeat(32)),
    purpose: 'test',
    faulty,
    threshold,
    encryptionKeys,
  };
}

/** An instance with few rounds. */
export const instanceFor = <P>(
  group: Group<P>,
  members: number,
  faulty: number,
  threshold: number,
  changes: Partial<KeyInstanceOptions<P>> = {},
): KeyInstance<P> =>
  good(createInstanceWithRounds({ ...optionsFor(group, members, faulty, threshold), ...changes }, ROUNDS));

/** A finished key with everybody's share. */
export function keyOf<P>(instance: KeyInstance<P>): {
  readonly key: SharedKey<P>;
  readonly shares: readonly KeyShare[];
} {
  const generation = new KeyGeneration(instance);
  for (let dealer = 1; dealer <= instance.faulty + 1; dealer++)
    good(generation.onDealing(dealer, makeDealing(instance, dealer, filled(dealer))));
  const shares = instance.encryptionKeys.map((_, at) => good(generation.share(at + 1, decryptionSecret(at + 1))));
  return { key: good(generation.key()), shares };
}
