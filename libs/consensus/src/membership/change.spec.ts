import {
  BROKER_PAYLOAD_BYTES,
  createEpochTable,
  wireLimits,
  type EpochTable,
  type TableOptions,
} from '@concordat/protocol';
import { isolateOf, joinOf, keyOf, leaveOf, releaseOf, rotateOf, scoreOf, tableOf } from '../testing/membership';
import { changedTable, faultsAfter } from './change';
import type { Operation } from './operation';
import { isRefusal } from './refusal';

/** Members as `name weight reputation`, with `!` for isolated ones, and f. */
function shown(table: EpochTable): string {
  const members = table.members.map(
    ({ nodeId, weight, reputation, isolated }) =>
      `${nodeId}${isolated ? '!' : ''} ${String(weight)} ${String(reputation)}`,
  );
  return `f=${String(table.f)}: ${members.join(', ')}`;
}

function after(table: EpochTable, ...operations: readonly Operation[]): string {
  let now = table;
  for (const operation of operations) {
    const changed = changedTable(now, operation);
    if (isRefusal(changed)) return changed.refused;
    now = changed;
  }
  return shown(now);
}

const four = (overrides: Partial<TableOptions> = {}): EpochTable => tableOf(4, overrides);
const weighted = (n: number): EpochTable => tableOf(n, { weightedVoting: true });
const joins = (...nodes: readonly string[]): Operation[] => nodes.map((node) => joinOf(1, node));
const ONE = '1 1000000';

describe('what operations make of a table', () => {
  it.each<[string, EpochTable, readonly Operation[], string]>([
    ['join: at the end', four(), joins('a'), `f=1: n0 ${ONE}, n1 ${ONE}, n2 ${ONE}, n3 ${ONE}, a ${ONE}`],
    [
      'join: a reputation is clamped',
      tableOf(1),
      [
        joinOf(1, 'a', { initial_reputation: 1.5 }),
        joinOf(1, 'b', { initial_reputation: -1 }),
        joinOf(1, 'c', { initial_reputation: 0.25 }),
      ],
      `f=1: n0 ${ONE}, a ${ONE}, b 1 0, c 1 250000`,
    ],
    [
      'join: f stays as it is told',
      four(),
      [joinOf(1, 'a', { f: 0 })],
      `f=0: n0 ${ONE}, n1 ${ONE}, n2 ${ONE}, n3 ${ONE}, a ${ONE}`,
    ],
    ['leave: the rest move up', tableOf(5), [leaveOf(1, 'n1')], `f=1: n0 ${ONE}, n2 ${ONE}, n3 ${ONE}, n4 ${ONE}`],
    ['leave: with a smaller f', four(), [leaveOf(1, 'n0', 0)], `f=0: n1 ${ONE}, n2 ${ONE}, n3 ${ONE}`],
    ['leave: down to one', tableOf(2), [leaveOf(1, 'n0')], `f=0: n1 ${ONE}`],
    [
      'rotate: in place, nothing else changes',
      four(),
      [rotateOf(1, 'n1', 'new')],
      `f=1: n0 ${ONE}, n1 ${ONE}, n2 ${ONE}, n3 ${ONE}`,
    ],
    [
      'rotate: an isolated member stays isolated',
      four(),
      [isolateOf(1, 'n1'), rotateOf(2, 'n1', 'new')],
      `f=1: n0 ${ONE}, n1! ${ONE}, n2 ${ONE}, n3 ${ONE}`,
    ],
    [
      'reputation: 70 % old, 30 % new',
      four(),
      [scoreOf(1, 'n1', 0), scoreOf(1, 'n1', 0.5)],
      `f=1: n0 ${ONE}, n1 1 640000, n2 ${ONE}, n3 ${ONE}`,
    ],
    ['isolate', four(), [isolateOf(1, 'n2')], `f=1: n0 ${ONE}, n1 ${ONE}, n2! ${ONE}, n3 ${ONE}`],
    ['release', four(), [isolateOf(1, 'n2'), releaseOf(1, 'n2')], `f=1: n0 ${ONE}, n1 ${ONE}, n2 ${ONE}, n3 ${ONE}`],
    [
      'an isolated member may leave',
      tableOf(5),
      [isolateOf(1, 'n2'), leaveOf(1, 'n2')],
      `f=1: n0 ${ONE}, n1 ${ONE}, n3 ${ONE}, n4 ${ONE}`,
    ],
    [
      'weights follow reputations',
      weighted(4),
      [scoreOf(1, 'n1', 0)],
      'f=1: n0 100 1000000, n1 70 700000, n2 100 1000000, n3 100 1000000',
    ],
    [
      'weights follow a join',
      weighted(4),
      [joinOf(1, 'a', { initial_reputation: 0.2 })],
      'f=1: n0 100 1000000, n1 100 1000000, n2 100 1000000, n3 100 1000000, a 20 200000',
    ],
    [
      'weights follow f: nothing is capped with f = 0',
      weighted(4),
      [joinOf(1, 'a', { initial_reputation: 0, f: 0 }), leaveOf(1, 'n1'), leaveOf(1, 'n2'), leaveOf(1, 'n3')],
      'f=0: n0 100 1000000, a 1 0',
    ],
    [
      'isolation leaves weights alone',
      weighted(4),
      [isolateOf(1, 'n1')],
      `f=1: n0 ${ONE}, n1! ${ONE}, n2 ${ONE}, n3 ${ONE}`,
    ],
  ])('%s', (_, table, operations, expected) => expect(after(table, ...operations)).toBe(expected));

  it('join and rotate set key and capabilities', () => {
    const changed = changedTable(four(), joinOf(1, 'a', { capabilities: ['gpu'] })) as EpochTable;
    expect(changed.members[4]).toMatchObject({ publicKey: keyOf('a'), capabilities: ['gpu'] });
    const rotated = changedTable(changed, rotateOf(1, 'a', 'a anew')) as EpochTable;
    expect(rotated.members[4]).toEqual({ ...changed.members[4], publicKey: keyOf('a anew') });
  });
});

describe('what the rules forbid', () => {
  /** Just below what a broker carries. */
  const large = tableOf(10, { batchBytesMax: BROKER_PAYLOAD_BYTES - 1600 });

  it.each<[string, EpochTable, readonly Operation[], string]>([
    ['join: of a member', four(), joins('n1'), 'n1 is a member'],
    ['join: twice', four(), joins('a', 'a'), 'a is a member'],
    ["join: with a member's key", four(), [joinOf(1, 'a', { key: 'n2' })], "the key is n2's"],
    ["join: with an operator's key", four(), [joinOf(1, 'a', { key: 'root' })], "the key is an operator's"],
    [
      'join: with a short key',
      four(),
      [{ ...joinOf(1, 'a'), public_key: 'AAAA' }],
      'members[4].public_key length: must be an integer from 32 to 32, not 3',
    ],
    ['join: with too great an f', four(), [joinOf(1, 'a', { f: 2 })], '5 members cannot tolerate f = 2: n >= 3f + 1'],
    [
      'join: of one whom the broker cannot bear',
      large,
      joins('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l'),
      `the largest message would have 1048580 bytes, a broker carries 1048576`,
    ],
    ['leave: of nobody', four(), [leaveOf(1, 'a')], 'a is no member'],
    [
      'leave: that costs tolerance',
      four(),
      [leaveOf(1, 'n1')],
      '3 members cannot tolerate f = 1: the operation must say f, at most 0',
    ],
    ['leave: with too great an f', four(), [leaveOf(1, 'n1', 1)], '3 members cannot tolerate f = 1: n >= 3f + 1'],
    ['leave: of the last', tableOf(1), [leaveOf(1, 'n0', 0)], 'the last member cannot leave'],
    [
      'leave: with fewer faults than are isolated',
      four(),
      [isolateOf(1, 'n1'), leaveOf(1, 'n2', 0)],
      'members: 1 are isolated, at most f = 0 may be',
    ],
    ['rotate: of nobody', four(), [rotateOf(1, 'a', 'a')], 'a is no member'],
    ['rotate: to its own key', four(), [rotateOf(1, 'n1', 'n1')], "the key is n1's"],
    ["rotate: to an operator's key", four(), [rotateOf(1, 'n1', 'deputy')], "the key is an operator's"],
    ['reputation: of nobody', four(), [scoreOf(1, 'a', 1)], 'a is no member'],
    ['isolate: of nobody', four(), [isolateOf(1, 'a')], 'a is no member'],
    ['isolate: twice', four(), [isolateOf(1, 'n1'), isolateOf(1, 'n1')], 'n1 is isolated'],
    [
      'isolate: more than f',
      four(),
      [isolateOf(1, 'n1'), isolateOf(1, 'n2')],
      'members: 2 are isolated, at most f = 1 may be',
    ],
    ['isolate: anybody with f = 0', tableOf(3), [isolateOf(1, 'n1')], 'members: 1 are isolated, at most f = 0 may be'],
    ['release: of nobody', four(), [releaseOf(1, 'a')], 'a is no member'],
    ['release: of one who is free', four(), [releaseOf(1, 'n1')], 'n1 is not isolated'],
  ])('%s', (_, table, operations, reason) => expect(after(table, ...operations)).toBe(reason));

  it('a table of 1024 members is full', () => {
    const tiny = { batchBytesMax: 1024, checkpointInterval: 1, windowSize: 2 };
    const full = createEpochTable({ ...tableOf(4), ...tiny, f: 0, members: tableOf(1024, { ...tiny, f: 0 }).members });
    expect(wireLimits(full).messageBytesMax).toBeLessThan(BROKER_PAYLOAD_BYTES);
    expect(after(full, joinOf(1, 'a'))).toBe('members: must be an integer from 1 to 1024, not 1025');
  });
});

describe('f follows n', () => {
  const cases: [now: number, f: number, n: number, wanted: number | undefined, expected: number | string][] = [
    [4, 1, 7, undefined, 2],
    [4, 1, 5, undefined, 1],
    [6, 1, 7, undefined, 2],
    [1, 0, 4, undefined, 1],
    [4, 0, 7, undefined, 0],
    [7, 1, 10, undefined, 1],
    [7, 1, 6, undefined, 1],
    [5, 1, 4, undefined, 1],
    [4, 1, 3, undefined, '3 members cannot tolerate f = 1: the operation must say f, at most 0'],
    [7, 2, 6, undefined, '6 members cannot tolerate f = 2: the operation must say f, at most 1'],
    [7, 2, 6, 1, 1],
    [7, 2, 8, 0, 0],
    [4, 0, 5, 1, 1],
    [4, 0, 5, 2, '5 members cannot tolerate f = 2: n >= 3f + 1'],
  ];
  it.each(cases)('from n = %d, f = %d to n = %d, f %s: %s', (now, f, n, wanted, expected) => {
    const found = faultsAfter(tableOf(now, { f }), n, wanted);
    expect(isRefusal(found) ? found.refused : found.f).toBe(expected);
  });
});
