import { digest, epoch, idBytes, isId, memberIndex, millis, nodeId, sequence, view } from './ids';

describe('counts', () => {
  const makers = { view, sequence, epoch, millis, memberIndex };
  const names = Object.keys(makers) as (keyof typeof makers)[];

  it.each(names)('%s takes 0 and its highest value', (name) => {
    const highest = name === 'memberIndex' ? 0xffff : Number.MAX_SAFE_INTEGER;
    expect(makers[name](0)).toBe(0);
    expect(makers[name](highest)).toBe(highest);
    expect(() => makers[name](highest + 1)).toThrow(RangeError);
  });

  it.each(names)('%s refuses what is no count', (name) => {
    for (const value of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
      expect(() => makers[name](value)).toThrow(RangeError);
  });
});

describe('node ids', () => {
  it.each(['a', 'n0', 'A-b_9', '-', '_', 'x'.repeat(63)])('takes %j', (text) => {
    expect(isId(text)).toBe(true);
    expect(nodeId(text)).toBe(text);
    expect(Buffer.from(idBytes(text)).toString()).toBe(text);
  });

  it.each(['', 'x'.repeat(64), 'a.b', 'a b', 'a*', '>', 'ä', 'a\n', '\na', 'a\0', 'a:b'])('refuses %j', (text) => {
    expect(isId(text)).toBe(false);
    expect(() => nodeId(text)).toThrow(RangeError);
  });
});

describe('digests', () => {
  it('takes 64 lower-case hexadecimal characters', () => expect(digest('0a'.repeat(32))).toBe('0a'.repeat(32)));

  it.each(['', '0a'.repeat(31), '0a'.repeat(33), '0A'.repeat(32), '0g'.repeat(32), `${'0a'.repeat(32)}\n`])(
    'refuses %j',
    (text) => expect(() => digest(text)).toThrow(RangeError),
  );

  it('shows no more than 80 characters of what it refuses', () => {
    expect(() => digest('x'.repeat(10_000))).toThrow(/^.{0,160}$/);
  });
});
