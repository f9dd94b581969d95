import { memberIndex } from '@concordat/protocol';
import { viewConnectivity, type Connectivity } from './connectivity';
import { committeeOf, membersOf } from './testing/members';

/** The picture of member 0; `heard`: what each member that it hears says not to hear. */
function picture(weights: readonly number[], heard: Readonly<Record<number, readonly number[]>>, proven = [9]) {
  return viewConnectivity({
    committee: committeeOf(weights),
    self: memberIndex(0),
    heard: Object.entries(heard).map(([member, silent]) => ({
      member: memberIndex(Number(member)),
      silent: membersOf(...silent),
    })),
    proven: new Set(membersOf(...proven)),
  });
}
const told = (seen: Connectivity) => ({
  inReach: seen.inReach.join(),
  down: seen.down.map(({ from, to }) => `${String(from)}>${String(to)}`).join(' '),
  oneWay: seen.oneWay.map(({ from, to }) => `${String(from)}>${String(to)}`).join(' '),
  groups: seen.groups.map(({ members, weight }) => `${members.join()}=${String(weight)}`).join(' '),
  silent: seen.silent.join(),
  able: seen.able.join(),
  others: seen.othersMayDecide,
  lose: seen.canLoseOneMore,
});
const four = [1, 1, 1, 1];
const well = {
  inReach: '0,1,2,3',
  down: '',
  oneWay: '',
  groups: '0,1,2,3=4',
  silent: '',
  able: '0,1,2,3',
  others: false,
  lose: false,
};

describe('who reaches whom', () => {
  const rows: readonly [string, Readonly<Record<number, readonly number[]>>, Partial<ReturnType<typeof told>>][] = [
    ['all is well', { 1: [], 2: [], 3: [] }, { lose: true }],
    [
      'one is down',
      { 1: [3], 2: [3] },
      { inReach: '0,1,2', down: '3>1 3>2 3>0', groups: '0,1,2=3', silent: '3', able: '0,1,2' },
    ],
    [
      'one is deaf: it hears nobody, all hear it',
      { 1: [], 2: [], 3: [0, 1, 2] },
      { inReach: '0,1,2', down: '0>3 1>3 2>3', oneWay: '0>3 1>3 2>3', groups: '0,1,2=3 3=1', able: '0,1,2' },
    ],
    [
      'two halves',
      { 1: [2, 3] },
      { inReach: '0,1', down: '2>1 3>1 2>0 3>0', groups: '0,1=2', silent: '2,3', able: '' },
    ],
    [
      'this member hears nobody',
      {},
      { inReach: '0', down: '1>0 2>0 3>0', groups: '0=1', silent: '1,2,3', able: '', others: true },
    ],
    [
      'nobody hears this member',
      { 1: [0], 2: [0], 3: [0] },
      { inReach: '0', down: '0>1 0>2 0>3', oneWay: '0>1 0>2 0>3', groups: '0=1 1,2,3=3', able: '1,2,3', others: true },
    ],
    [
      'this member reaches one that reaches the rest',
      { 1: [] },
      { inReach: '0,1', down: '2>0 3>0', oneWay: '', groups: '0,1,2,3=4', able: '1,2,3' },
    ],
    ['one link between others, one way', { 1: [], 2: [], 3: [2] }, { down: '2>3', oneWay: '2>3' }],
    [
      'no quorum of members that reach each other: each other pair is apart',
      { 1: [2], 2: [3], 3: [1] },
      { down: '2>1 3>2 1>3', oneWay: '2>1 3>2 1>3', able: '' },
    ],
  ];
  it.each(rows)('when %s', (_, heard, expected) => {
    expect(told(picture(four, heard))).toEqual({ ...well, ...expected });
  });

  it('can lose one more only while whoever it is leaves members that reach a quorum of them', () => {
    const seven = [1, 1, 1, 1, 1, 1, 1];
    const all = { 1: [], 2: [], 3: [], 4: [], 5: [], 6: [] };
    expect(picture(seven, all).canLoseOneMore).toBe(true);
    expect(picture(seven, { ...all, 3: [2] }).canLoseOneMore).toBe(true);
    expect(picture(seven, { ...all, 3: [2, 4], 5: [2, 4], 1: [2, 4] }).canLoseOneMore).toBe(false);
    // W = 10, F = 3: without one of the heavy two, 7 are left.
    expect(picture([1, 1, 1, 1, 3, 3], { 1: [], 2: [], 3: [], 4: [], 5: [] }).canLoseOneMore).toBe(true);
    expect(picture([1, 1, 1, 1, 3, 3], { 2: [1], 3: [1], 4: [1], 5: [1] }).canLoseOneMore).toBe(false);
  });

  it('counts weights: the light half may hold the quorum', () => {
    // W = 10, F = 3: a quorum weighs 7.
    const seen = told(picture([1, 1, 1, 1, 3, 3], { 1: [2, 3, 4, 5] }));
    expect(seen).toMatchObject({ inReach: '0,1', groups: '0,1=2', others: true, able: '' });
  });

  it('counts on nobody who is proven to lie', () => {
    expect(told(picture(four, { 1: [], 2: [], 3: [] }, [3])).able).toBe('0,1,2');
    expect(told(picture(four, { 1: [], 3: [] }, [2])).able).toBe('0,1,3');
    expect(told(picture(four, { 1: [], 2: [] }, [2])).able).toBe('');
  });

  it('an observer reaches whom it hears, and stands in no group', () => {
    const seen = viewConnectivity({
      committee: committeeOf(four),
      self: memberIndex(0xffff),
      heard: membersOf(0, 1, 2, 3).map((member) => ({ member, silent: [] })),
      proven: new Set(),
    });
    expect(told(seen)).toMatchObject({ down: '', groups: '0,1,2,3=4', able: '0,1,2,3' });
    expect(seen.inReach.slice(0, 4)).toEqual(membersOf(0, 1, 2, 3));
  });
});
