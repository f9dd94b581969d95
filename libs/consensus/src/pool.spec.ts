import type { Authentic, MemberIndex, Priority, Sequence } from '@concordat/protocol';
import { envelopeOf } from './testing/driver';
import { Pool } from './pool';

const first = 1 as Sequence;
const self = 0 as MemberIndex;
const other = 1 as MemberIndex;
const name = (envelope: { requests: readonly { value: Uint8Array }[] }): string =>
  JSON.parse(new TextDecoder().decode(envelope.requests[0]?.value)) as string;

function poolOf(...entries: readonly [string, Priority][]): Pool {
  const pool = new Pool({ envelopesMax: 100, bytesMax: 1 << 20, members: 1 });
  for (const [id, priority] of entries) pool.admit(envelopeOf(id, { priority }), self);
  return pool;
}

describe('the request pool', () => {
  it('takes urgent envelopes first, and a share of the oldest whatever their priority', () => {
    const pool = poolOf(
      ['low1', 'low'],
      ['low2', 'low'],
      ['normal', 'normal'],
      ['critical1', 'critical'],
      ['high', 'high'],
      ['critical2', 'critical'],
    );
    expect(pool.take(first, 4, 1 << 20).map(name)).toEqual(['low1', 'critical1', 'critical2', 'high']);
    expect(pool.take(first, 4, 1 << 20).map(name)).toEqual(['low2', 'normal']);
    expect(pool.hasUnproposed).toBe(false);
  });

  it('keeps what it takes over from a pool with larger shares, and lets that member bring nothing new until it has room', () => {
    const pool = new Pool({ envelopesMax: 4, bytesMax: 1 << 20, members: 2 });
    const held = ['a', 'b', 'c'].map((id) => envelopeOf(id));
    for (const envelope of held) pool.takeOver(envelope, self);
    for (const envelope of held) pool.takeOver(envelope, self);
    expect(pool.all().map(({ envelope }) => name(envelope))).toEqual(['a', 'b', 'c']);
    expect(pool.admit(envelopeOf('d'), self)?.code).toBe('pool_full');
    expect(pool.admit(envelopeOf('e'), other)).toBeUndefined();
    for (const { id } of held.slice(0, 2)) pool.remove(id);
    expect(pool.admit(envelopeOf('d'), self)).toBeUndefined();
  });

  it('never lets a low priority starve', () => {
    const pool = poolOf(['low', 'low']);
    for (let i = 0; i < 50; i++) pool.admit(envelopeOf(`urgent${String(i)}`, { priority: 'critical' }), self);
    expect(pool.take(first, 4, 1 << 20).map(name)[0]).toBe('low');
  });

  it('lets nothing starve behind what a member says to miss, and that not behind old large ones', () => {
    const pool = new Pool({ envelopesMax: 10_000, bytesMax: 1 << 24, members: 1 });
    const missed = (index: number): void => {
      const envelope = envelopeOf(`flood${String(index)}`, { count: 10 });
      pool.admit(envelope, other);
      pool.expedite(envelope.id);
    };
    pool.admit(envelopeOf('waits'), self);
    for (let i = 0; i < 20; i++) missed(i);
    const taken: string[] = [];
    for (let at = 1; at <= 3; at++) {
      missed(100 + at);
      taken.push(...pool.take(at as Sequence, 10, 1 << 20).map(name));
    }
    expect(taken).toContain('waits');

    const large = poolOf(['late', 'low']);
    for (let i = 0; i < 20; i++) large.admit(envelopeOf(`large${String(i)}`, { count: 10 }), other);
    const overdue = envelopeOf('overdue');
    large.admit(overdue, self);
    large.expedite(overdue.id);
    expect([1, 2, 3].flatMap((at) => large.take(at as Sequence, 10, 1 << 20).map(name))).toContain('overdue');
  });

  it('keeps to the bounds of a batch, but takes an envelope larger than the request bound alone', () => {
    const pool = new Pool({ envelopesMax: 100, bytesMax: 1 << 20, members: 1 });
    const large = envelopeOf('large', { count: 20 });
    pool.admit(large, self);
    pool.admit(envelopeOf('small'), self);
    expect(pool.take(first, 10, 1 << 20).map(name)).toEqual(['large']);
    expect(pool.take(first, 10, 1 << 20).map(name)).toEqual(['small']);
    const narrow = new Pool({ envelopesMax: 100, bytesMax: 1 << 20, members: 1 });
    for (const id of ['A', 'B', 'C']) narrow.admit(envelopeOf(id), self);
    const size = envelopeOf('A').bytes.length + 4;
    expect(narrow.take(first, 10, 11 + 2 * size).map(name)).toEqual(['A', 'B']);
  });

  it.each<[string, (pool: Pool) => ReturnType<Pool['admit']>, string]>([
    ['an envelope that waits already', (pool) => pool.admit(envelopeOf('A'), other), 'redundant'],
    [
      'more envelopes of one member than its share',
      (pool) => ['B', 'C', 'D', 'E'].map((id) => pool.admit(envelopeOf(id), self)).at(-1),
      'pool_full',
    ],
    [
      'more bytes of one member than its share',
      (pool) => pool.admit(envelopeOf('A', { nonce: 9n, text: 'x'.repeat(3000) }), self),
      'pool_full',
    ],
  ])('refuses %s', (_, admit, code) => {
    const pool = new Pool({ envelopesMax: 8, bytesMax: 4096, members: 2 });
    expect(pool.admit(envelopeOf('A'), self)).toBeUndefined();
    expect(admit(pool)?.code).toBe(code);
    // What one member brings takes no room from another.
    expect(pool.admit(envelopeOf('Z'), other)).toBeUndefined();
  });

  it('has room again in a share when what was brought is executed', () => {
    const pool = new Pool({ envelopesMax: 2, bytesMax: 4096, members: 2 });
    expect(pool.admit(envelopeOf('A'), self)).toBeUndefined();
    expect(pool.admit(envelopeOf('B'), self)?.code).toBe('pool_full');
    pool.remove(envelopeOf('A').id);
    expect(pool.admit(envelopeOf('B'), self)).toBeUndefined();
  });

  it('times the longest waiting envelope, proposed or not, and starts over in a new view', () => {
    const pool = poolOf(['A', 'normal'], ['B', 'normal']);
    const [taken] = pool.take(first, 1, 1 << 20);
    expect(pool.oldest()).toBe(taken?.id);
    expect(pool.proposedAt(envelopeOf('A').id)).toBe(1);
    pool.unproposeAll();
    expect(pool.take(first, 10, 1 << 20).map(name)).toEqual(['A', 'B']);
    pool.remove(envelopeOf('A').id);
    expect(pool.oldest()).toBe(envelopeOf('B').id);
    expect(pool.size).toBe(1);
    pool.remove(envelopeOf('B').id);
    expect([pool.size, pool.bytes, pool.oldest()]).toEqual([0, 0, undefined]);
  });

  it('takes in what stands in a proposal even when it is full: it waits for its execution all the same', () => {
    const pool = new Pool({ envelopesMax: 1, bytesMax: 4096, members: 2 });
    pool.admit(envelopeOf('A'), self);
    const proposed: Authentic = envelopeOf('B');
    pool.noteProposed(proposed, first);
    expect(pool.proposedAt(proposed.id)).toBe(1);
    expect(pool.size).toBe(2);
  });

  it('offers anew what was proposed where everything is over now, and only that', () => {
    const pool = poolOf(['A', 'normal'], ['B', 'normal'], ['C', 'normal']);
    for (const sequence of [1, 2, 3]) pool.take(sequence as Sequence, 1, 1 << 20);
    expect(pool.hasUnproposed).toBe(false);
    pool.unproposeThrough(2 as Sequence);
    expect(['A', 'B', 'C'].map((id) => pool.proposedAt(envelopeOf(id).id))).toEqual([undefined, undefined, 3]);
    expect(pool.take(4 as Sequence, 10, 1 << 20).map(name)).toEqual(['A', 'B']);
  });
});
