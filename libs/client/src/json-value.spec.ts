import { isShallowJson, JSON_DEPTH_MAX, presentJson, readJson, sameJson } from './json-value';

const utf8 = new TextEncoder();
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

describe('a value in JSON', () => {
  it.each(['1', '"a"', 'null', 'true', '[]', '{"a":[1,{"b":null}]}', ' 1 ', '"\\u0000"', nested(JSON_DEPTH_MAX)])(
    'is read: %s',
    (text) => {
      expect(readJson(utf8.encode(text))).toEqual({ ok: true, value: JSON.parse(text) as unknown });
    },
  );

  it.each([
    ['nothing', utf8.encode('')],
    ['half an object', utf8.encode('{"a":')],
    ['no UTF-8', Uint8Array.of(0x22, 0xff, 0x22)],
    ['a byte order mark', Uint8Array.of(0xef, 0xbb, 0xbf, 0x31)],
    ['too many levels', utf8.encode(nested(JSON_DEPTH_MAX + 1))],
    ['very many levels', utf8.encode('['.repeat(60_000))],
  ])('is refused: %s', (_, bytes) => {
    expect(readJson(bytes).ok).toBe(false);
    expect(Object.keys(presentJson(bytes) as object)).toEqual(['$base64url']);
  });

  it('counts no brackets in strings', () => {
    expect(isShallowJson(utf8.encode(JSON.stringify('[{"\\'.repeat(100))), 0)).toBe(true);
    expect(isShallowJson(utf8.encode('["\\\\",[1]]'), 1)).toBe(false);
  });

  it('is compared by structure', () => {
    expect(sameJson({ a: 1, b: [{}] }, { b: [{}], a: 1 })).toBe(true);
    for (const [a, b] of [
      [1, 2],
      [1, '1'],
      [null, {}],
      [[], {}],
      [[1], [1, 2]],
      [{ a: 1 }, { b: 1 }],
      [{}, { a: undefined }],
    ])
      expect(sameJson(a, b)).toBe(false);
  });
});
