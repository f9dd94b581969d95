import { LayoutError, purposeDigest, type Digest, type Hash, type Reader, type Writer } from '@concordat/protocol';

/** Keys that a swarm can see in its life. Then no new one is accepted any more. */
export const KNOWN_KEYS_MAX = 65_536;

/**
 * Hashes of all keys that ever stood in a member table. None of them may come back: its owner may have lost what it voted
 * with it (Spec §6), or it may have been stolen.
 */
export class KnownKeys {
  private readonly hashes = new Set<Digest>();

  constructor(private readonly hash: Hash) {}

  /** True when no further key can be added. */
  get isFull(): boolean {
    return this.hashes.size >= KNOWN_KEYS_MAX;
  }

  has(key: Uint8Array): boolean {
    return this.hashes.has(this.hashOf(key));
  }

  add(key: Uint8Array): void {
    this.hashes.add(this.hashOf(key));
  }

  /** Another set of the same keys. */
  copy(): KnownKeys {
    const copy = new KnownKeys(this.hash);
    for (const hash of this.hashes) copy.hashes.add(hash);
    return copy;
  }

  /** Appends all hashes, ascending. */
  write(writer: Writer): void {
    writer.u32(this.hashes.size);
    for (const hash of [...this.hashes].sort()) writer.digest(hash);
  }

  /** What `write` wrote. Throws a LayoutError. */
  static read(hash: Hash, reader: Reader): KnownKeys {
    const keys = new KnownKeys(hash);
    const count = reader.u32();
    if (count > KNOWN_KEYS_MAX) throw new LayoutError(`${String(count)} known keys`);
    let last = '';
    for (let i = 0; i < count; i++) {
      const next = reader.digest();
      if (next <= last) throw new LayoutError('known keys do not ascend');
      keys.hashes.add(next);
      last = next;
    }
    return keys;
  }

  private hashOf(key: Uint8Array): Digest {
    return purposeDigest(this.hash, 'member-key', key);
  }
}
