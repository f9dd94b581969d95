import { add, BASE, challenge, encode, L, littleEndian, multiply, P, TORSION, TORSION_ENCODINGS } from './edwards';

/** A public key, a message, a signature, and what every backend must say. */
export interface SignatureRow {
  readonly name: string;
  readonly publicKey: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
  readonly accepted: boolean;
  /** A lax, cofactored verifier accepts it: only the written rule keeps it out. */
  readonly lax: boolean;
}

const A = 0x1234_5678_9abc_def0_1234n;
const R = 0xfeed_beef_cafe_f00d_5678n;
const KEY = encode(multiply(BASE, A));
const MESSAGE = Uint8Array.from(Buffer.from('PREPARE'));

const join = (r: Uint8Array, s: bigint): Uint8Array => Uint8Array.from([...r, ...littleEndian(s)]);
const text = (value: string): Uint8Array => Uint8Array.from(Buffer.from(value));

/** A message whose challenge is divisible by 8, so that [k]A has no torsion and even a verifier without cofactor is deceived. */
function messageWithoutTorsion(r: Uint8Array, publicKey: Uint8Array): Uint8Array {
  for (let i = 0; ; i++) {
    const message = text(`try ${String(i)}`);
    if (challenge(r, publicKey, message) % 8n === 0n) return message;
  }
}

function honest(): SignatureRow {
  const r = encode(multiply(BASE, R));
  const signature = join(r, (R + challenge(r, KEY, MESSAGE) * A) % L);
  return { name: 'an honest signature', publicKey: KEY, message: MESSAGE, signature, accepted: true, lax: true };
}

const changed = (bytes: Uint8Array, at: number, bit: number): Uint8Array => bytes.with(at, (bytes[at] ?? 0) ^ bit);
const number = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);

function withoutTorsionInA(): SignatureRow[] {
  const r = encode(multiply(BASE, R));
  const mixed = TORSION.slice(1).map((torsion, i) => {
    const publicKey = encode(add(multiply(BASE, A), torsion));
    const message = messageWithoutTorsion(r, publicKey);
    const signature = join(r, (R + challenge(r, publicKey, message) * A) % L);
    return { name: `a key of mixed order, torsion ${String(i + 1)}`, publicKey, message, signature };
  });
  const small = TORSION_ENCODINGS.map((publicKey, i) => {
    const message = messageWithoutTorsion(r, publicKey);
    return { name: `a key of small order, encoding ${String(i)}`, publicKey, message, signature: join(r, R) };
  });
  return [...mixed, ...small].map((row) => ({ ...row, accepted: false, lax: true }));
}

function withTorsionInR(): SignatureRow[] {
  const mixed = TORSION.slice(1).map((torsion, i) => ({
    name: `R of mixed order, torsion ${String(i + 1)}`,
    r: encode(add(multiply(BASE, R), torsion)),
    secret: R,
  }));
  const small = TORSION_ENCODINGS.map((r, i) => ({ name: `R of small order, encoding ${String(i)}`, r, secret: 0n }));
  return [...mixed, ...small].map(({ name, r, secret }) => {
    const signature = join(r, (secret + challenge(r, KEY, MESSAGE) * A) % L);
    return { name, publicKey: KEY, message: MESSAGE, signature, accepted: false, lax: true };
  });
}

function malformed(): SignatureRow[] {
  const good = honest();
  const { signature } = good;
  const s = number(signature.subarray(32));
  const r = signature.subarray(0, 32);
  const wrong = (name: string, change: Partial<SignatureRow>): SignatureRow => ({
    ...good,
    name,
    accepted: false,
    lax: false,
    ...change,
  });
  const other = encode(multiply(BASE, A + 1n));
  // Multiples of L up to the top of the field: what a check of S's top bits alone lets through.
  const shifted = [1n, 2n, 7n, 14n].map((times) =>
    wrong(`S + ${String(times)}L`, { signature: join(r, s + times * L), lax: true }),
  );
  return [
    wrong('another message', { message: text('COMMIT') }),
    wrong('an empty message', { message: text('') }),
    wrong('another key', { publicKey: other }),
    wrong('a bit of R flipped', { signature: changed(signature, 3, 1) }),
    wrong('the sign of R flipped', { signature: changed(signature, 31, 0x80) }),
    wrong('a bit of S flipped', { signature: changed(signature, 40, 1) }),
    wrong('the sign of A flipped', { publicKey: changed(KEY, 31, 0x80) }),
    ...shifted,
    wrong('S = L', { signature: join(r, L) }),
    wrong('S of all ones', { signature: join(r, 2n ** 256n - 1n) }),
    wrong('R with y = p + 3', { signature: join(littleEndian(P + 3n), s) }),
    wrong('R with y = 2^255 - 1', { signature: join(littleEndian(2n ** 255n - 1n), s) }),
    wrong('A with y = p + 3', { publicKey: littleEndian(P + 3n) }),
    wrong('A that is not on the curve', { publicKey: littleEndian(2n) }),
    wrong('63 bytes', { signature: signature.subarray(0, 63) }),
    wrong('65 bytes', { signature: Uint8Array.from([...signature, 0]) }),
    wrong('an empty signature', { signature: text('') }),
    wrong('a signature of zeros', { signature: new Uint8Array(64) }),
    wrong('a key of 31 bytes', { publicKey: KEY.subarray(0, 31) }),
    wrong('a key of 33 bytes', { publicKey: Uint8Array.from([...KEY, 0]) }),
    wrong('an empty key', { publicKey: text('') }),
  ];
}

/** What every backend is asked. */
export const SIGNATURE_ROWS: readonly SignatureRow[] = [
  honest(),
  ...malformed(),
  ...withoutTorsionInA(),
  ...withTorsionInR(),
];
