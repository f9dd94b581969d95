import type { Committee, MemberIndex, View } from '@concordat/protocol';

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0);

/** Views that one leader has in a row. */
const VIEWS_IN_A_ROW = { pbft: 1, hotstuff: 2 } as const;

/** Who leads a view: in turn, where a table says so, those who are not isolated, in its order. Not by the rule that members use. */
export function leaderOf(committee: Committee, view: View): MemberIndex {
  const { engine, members, leaderElection } = committee.table;
  if (leaderElection !== 'round-robin') return committee.leaderOf(view);
  const able = committee.indexesInOrder.filter((index) => members[index]?.isolated === false);
  return able[Math.floor(view / VIEWS_IN_A_ROW[engine]) % able.length] ?? (0 as MemberIndex);
}

/** Why distinct signers are no quorum of a table; undefined when they are one. Who is isolated counts for nothing, and the whole stays what it is. */
export function tooLight({ table: { members, f } }: Committee, signers: Iterable<MemberIndex>): string | undefined {
  let weight = 0;
  for (const signer of new Set(signers)) weight += members[signer]?.isolated === false ? members[signer].weight : 0;
  const weights = members.map((member) => member.weight);
  const whole = sumOf(weights);
  const heaviest = sumOf(weights.sort((a, b) => b - a).slice(0, f));
  return 2 * weight > whole + heaviest
    ? undefined
    : `it weighs ${String(weight)} of ${String(whole)}, and any ${String(f)} up to ${String(heaviest)}`;
}
