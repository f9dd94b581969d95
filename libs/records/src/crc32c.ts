/** Castagnoli's polynomial, reflected (RFC 3720 appendix B.4). */
const POLYNOMIAL = 0x82f63b78;

/** `tables[k]` advances the checksum by a byte that k further bytes follow: eight bytes cost eight lookups and no loop. */
const tables = buildTables();

function buildTables(): Int32Array[] {
  const first = new Int32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    first[byte] = crc;
  }
  const all = [first];
  for (let k = 1; k < 8; k++) {
    const previous = all[k - 1] ?? first;
    all.push(previous.map((crc) => (crc >>> 8) ^ (first[crc & 0xff] ?? 0)));
  }
  return all;
}

const [T0, T1, T2, T3, T4, T5, T6, T7] = tables as unknown as readonly [
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
];

/**
 * CRC-32C of `bytes[start..end)`, as a u32. `previous` is the checksum of what stands before, for data in pieces:
 * `crc32c(ab) === crc32c(b, 0, b.length, crc32c(a))`. Detects damage, not forgery.
 */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length, previous = 0): number {
  let crc = ~previous;
  let at = start;
  for (const last = end - 8; at <= last; at += 8) {
    // Read before use: the lookups below then have eight independent loads instead of a chain.
    const low =
      crc ^
      ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24));
    crc =
      (T7[low & 0xff] ?? 0) ^
      (T6[(low >>> 8) & 0xff] ?? 0) ^
      (T5[(low >>> 16) & 0xff] ?? 0) ^
      (T4[low >>> 24] ?? 0) ^
      (T3[bytes[at + 4] ?? 0] ?? 0) ^
      (T2[bytes[at + 5] ?? 0] ?? 0) ^
      (T1[bytes[at + 6] ?? 0] ?? 0) ^
      (T0[bytes[at + 7] ?? 0] ?? 0);
  }
  for (; at < end; at++) crc = (T0[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0) ^ (crc >>> 8);
  return ~crc >>> 0;
}
