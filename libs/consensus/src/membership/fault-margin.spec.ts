import type { EpochTable, TableOptions } from '@concordat/protocol';
import { isolateOf, joinOf, leaveOf, scoreOf, tableOf } from '../testing/membership';
import { faultMargin, whatIf } from './fault-margin';
import { isRefusal } from './refusal';

const weightedTable = (weights: readonly number[], overrides: Partial<TableOptions> = {}): EpochTable => ({
  ...tableOf(weights.length, {
    weightedVoting: true,
    members: tableOf(weights.length).members.map((member, index) => ({ ...member, weight: weights[index]! })),
    ...overrides,
  }),
});
const isolating = (table: EpochTable, ...isolated: readonly number[]): EpochTable => ({
  ...table,
  members: table.members.map((member, index) => ({ ...member, isolated: isolated.includes(index) })),
});

it.each<[string, EpochTable, ReturnType<typeof faultMargin>]>([
  ['four', tableOf(4), { n: 4, f: 1, quorumWeight: 3, totalWeight: 4, heaviestF: 1, mayFail: 1 }],
  ['one', tableOf(1), { n: 1, f: 0, quorumWeight: 1, totalWeight: 1, heaviestF: 0, mayFail: 0 }],
  ['six may stop more than f', tableOf(6), { n: 6, f: 1, quorumWeight: 4, totalWeight: 6, heaviestF: 1, mayFail: 2 }],
  ['f = 0', tableOf(4, { f: 0 }), { n: 4, f: 0, quorumWeight: 3, totalWeight: 4, heaviestF: 0, mayFail: 1 }],
  ['seven', tableOf(7), { n: 7, f: 2, quorumWeight: 5, totalWeight: 7, heaviestF: 2, mayFail: 2 }],
  [
    'an isolated one',
    isolating(tableOf(4), 1),
    { n: 4, f: 1, quorumWeight: 3, totalWeight: 4, heaviestF: 1, mayFail: 0 },
  ],
  [
    'one of seven isolated',
    isolating(tableOf(7), 6),
    { n: 7, f: 2, quorumWeight: 5, totalWeight: 7, heaviestF: 2, mayFail: 1 },
  ],
  // 3 * 3 < 10; a quorum weighs more than 6.5.
  ['weights', weightedTable([3, 3, 2, 2]), { n: 4, f: 1, quorumWeight: 7, totalWeight: 10, heaviestF: 3, mayFail: 1 }],
  [
    'the heaviest go first',
    weightedTable([5, 5, 2, 2, 2, 2], { f: 1 }),
    { n: 6, f: 1, quorumWeight: 12, totalWeight: 18, heaviestF: 5, mayFail: 1 },
  ],
])('%s', (_, table, margin) => expect(faultMargin(table)).toEqual(margin));

it('tells what an operation would do, and changes nothing', () => {
  const before = tableOf(4);
  const found = whatIf(before, joinOf(1, 'a', { signer: 'nobody' }));
  if (isRefusal(found)) throw new Error(found.refused);
  expect(found.before).toBe(before);
  expect(found.after.epoch).toBe(1);
  expect(faultMargin(found.after)).toMatchObject({ n: 5, f: 1, quorumWeight: 4, mayFail: 1 });
  expect(before.members).toHaveLength(4);
});

it.each([
  [leaveOf(1, 'n1'), '3 members cannot tolerate f = 1: the operation must say f, at most 0'],
  [isolateOf(1, 'x'), 'x is no member'],
  [scoreOf(1, 'x', 1), 'x is no member'],
])('tells why not', (operation, reason) => expect(whatIf(tableOf(4), operation)).toEqual({ refused: reason }));
