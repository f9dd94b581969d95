import { InvariantError, invariant, isRejection, reject, REJECTION_CODES } from './rejection';

it('has codes that can be metric labels, each once', () => {
  expect(new Set(REJECTION_CODES).size).toBe(REJECTION_CODES.length);
  for (const code of REJECTION_CODES) expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
});

it('is a value that can be told from any other', () => {
  const rejection = reject('malformed', 'too short');
  expect(rejection).toEqual({ rejected: true, code: 'malformed', reason: 'too short' });
  expect(isRejection(rejection)).toBe(true);
  for (const value of [undefined, null, 0, '', true, {}, [], { rejected: false }, { rejected: 'true' }, 'rejected'])
    expect(isRejection(value)).toBe(false);
});

it('an invariant throws when it is broken, and only then', () => {
  expect(() => invariant(true, 'holds')).not.toThrow();
  expect(() => invariant(false, 'one vote per slot')).toThrow(InvariantError);
  expect(() => invariant(false, 'one vote per slot')).toThrow('invariant broken: one vote per slot');
});
