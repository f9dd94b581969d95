import { fromBase64Url, fromHex, type Digest } from '@concordat/protocol';

/** Why a certificate or a chain of epochs proves nothing. */
export class CertificateFault extends Error {
  override readonly name = 'CertificateFault';
}

/** One JSON object's fields, each read by name and checked: unknown and missing keys are refused. Throws a CertificateFault. */
export class Fields {
  private readonly values: Readonly<Record<string, unknown>>;

  /** `path` says in faults where the object stands; empty for the outermost one. */
  constructor(
    value: unknown,
    private readonly path: string,
    required: readonly string[],
    optional: readonly string[] = [],
  ) {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new CertificateFault(`${path === '' ? 'it' : path} must be an object`);
    const keys = Object.keys(value);
    for (const key of keys)
      if (!required.includes(key) && !optional.includes(key))
        throw new CertificateFault(`${this.name(key.slice(0, 80))} is not known`);
    for (const key of required) if (!keys.includes(key)) throw new CertificateFault(`${this.name(key)} is missing`);
    this.values = value as Readonly<Record<string, unknown>>;
  }

  has(key: string): boolean {
    return Object.hasOwn(this.values, key);
  }

  get(key: string): unknown {
    return this.values[key];
  }

  text(key: string): string {
    const value = this.values[key];
    if (typeof value !== 'string') throw new CertificateFault(`${this.name(key)} must be text`);
    return value;
  }

  count(key: string, min = 0): number {
    const value = this.values[key];
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || Object.is(value, -0) || value < min)
      throw new CertificateFault(`${this.name(key)} must be an integer from ${String(min)}`);
    return value;
  }

  digest(key: string): Digest {
    const value = this.text(key);
    if (!/^[0-9a-f]{64}$/.test(value))
      throw new CertificateFault(`${this.name(key)} must be 64 lower-case hex characters`);
    return value as Digest;
  }

  bytes(key: string): Uint8Array {
    try {
      return fromBase64Url(this.text(key));
    } catch (error) {
      if (error instanceof RangeError) throw new CertificateFault(`${this.name(key)}: ${error.message}`);
      throw error;
    }
  }

  list(key: string, max: number): readonly unknown[] {
    const value = this.values[key];
    if (!Array.isArray(value)) throw new CertificateFault(`${this.name(key)} must be a list`);
    if (value.length > max)
      throw new CertificateFault(`${this.name(key)} has ${String(value.length)} items, at most ${String(max)}`);
    return value;
  }

  hashes(key: string, max: number): Uint8Array[] {
    return this.list(key, max).map((item, index) => {
      if (typeof item !== 'string' || !/^[0-9a-f]{64}$/.test(item))
        throw new CertificateFault(`${this.name(key)}[${String(index)}] must be 64 lower-case hex characters`);
      return fromHex(item);
    });
  }

  private name(key: string): string {
    return this.path === '' ? key : `${this.path}.${key}`;
  }
}
