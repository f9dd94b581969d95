import { invariant, LayoutError, Writer, type Millis, type Reader } from '@concordat/protocol';

/** What is known of one signer's nonces: the highest executed one and which of the `window` below it were. */
class Client {
  /** Its encoding, until it changes. */
  record: Uint8Array | undefined;

  constructor(
    /** Highest executed nonce. */
    public highest: bigint,
    /** Bit (nonce mod window) says whether that nonce, of (highest - window, highest], was executed. */
    readonly used: Uint32Array,
    /** Log time after which nothing that this signer signed so far can be executed any more. */
    public forgetAfter: Millis,
  ) {}
}

/** How a nonce relates to what was executed. */
export type NonceVerdict = 'fresh' | 'used' | 'below-window';

/**
 * Which nonces were executed, per signer: exactly-once execution (Spec §9).
 *
 * A client is forgotten a request's lifetime after its last executed one. Whatever it had signed until then, retries with a
 * later deadline included, can only come back as expired, so nothing is executed twice, and the table stays bounded. A
 * client that signs other content under an old nonce after that breaks its own numbering; nobody else's.
 */
export class Deduplication {
  private readonly clients = new Map<string, Client>();
  /** Their keys in order; undefined when some have come or gone. */
  private sortedKeys: readonly string[] | undefined;

  constructor(
    private readonly window: number,
    private readonly clientsMax: number,
  ) {}

  /** Signers with a record. */
  get size(): number {
    return this.clients.size;
  }

  /** Says whether a nonce may still be executed; changes nothing. */
  verdict(signerKey: string, nonce: bigint): NonceVerdict {
    const client = this.clients.get(signerKey);
    if (client === undefined || nonce > client.highest) return 'fresh';
    if (nonce + BigInt(this.window) <= client.highest) return 'below-window';
    return this.bit(client, nonce) ? 'used' : 'fresh';
  }

  /** True when a signer without a record can get one. Gateways always can: their number is the members'. */
  hasRoomFor(signerKey: string): boolean {
    return signerKey.startsWith('g:') || this.clients.has(signerKey) || this.clients.size < this.clientsMax;
  }

  /** Marks a fresh nonce as executed; its signer is remembered up to `forgetAfter` in log time, at least. */
  mark(signerKey: string, nonce: bigint, forgetAfter: Millis): void {
    invariant(this.verdict(signerKey, nonce) === 'fresh', `nonce ${nonce.toString()} of ${signerKey} is executed once`);
    let client = this.clients.get(signerKey);
    if (client === undefined) {
      invariant(this.hasRoomFor(signerKey), 'room for a client is checked before its nonce is marked');
      client = new Client(nonce, new Uint32Array(this.window / 32), forgetAfter);
      this.clients.set(signerKey, client);
      this.sortedKeys = undefined;
    }
    this.advance(client, nonce);
    const at = this.place(nonce);
    client.used[at >>> 5] = (client.used[at >>> 5] ?? 0) | (1 << (at & 31));
    if (forgetAfter > client.forgetAfter) client.forgetAfter = forgetAfter;
    client.record = undefined;
  }

  /**
   * Forgets clients whose time has passed at `logTime`. Called at checkpoints only. Gateways are members, few, and number
   * their requests for ever: they stay.
   */
  forget(logTime: Millis): void {
    for (const [key, client] of this.clients) {
      if (!key.startsWith('c:') || client.forgetAfter >= logTime) continue;
      this.clients.delete(key);
      this.sortedKeys = undefined;
    }
  }

  /** Appends the whole table. */
  write(writer: Writer): void {
    writer.u32(this.clients.size);
    for (const key of this.keysInOrder()) {
      const client = this.clients.get(key);
      if (client === undefined) continue;
      // Most clients are idle from one checkpoint to the next.
      client.record ??= this.encodeClient(key, client);
      writer.raw(client.record);
    }
  }

  /** Reads what `write` wrote into this empty table. */
  read(reader: Reader): void {
    invariant(this.clients.size === 0, 'a deduplication table is restored once');
    const count = reader.u32();
    for (let i = 0; i < count; i++) {
      const key = reader.text();
      const client = new Client(reader.bigU64(), new Uint32Array(this.window / 32), reader.u64() as Millis);
      const words = reader.u16();
      for (let word = 0; word < words; word++) {
        const index = reader.u16();
        if (index >= client.used.length) throw new LayoutError('a nonce outside the window');
        client.used[index] = reader.u32();
      }
      this.clients.set(key, client);
    }
    this.sortedKeys = undefined;
  }

  /** Sorted anew only after clients came or went: with many of them that would be most of what a checkpoint costs. */
  private keysInOrder(): readonly string[] {
    this.sortedKeys ??= [...this.clients.keys()].sort();
    return this.sortedKeys;
  }

  private encodeClient(key: string, client: Client): Uint8Array {
    const writer = new Writer(128).text(key).bigU64(client.highest).u64(client.forgetAfter);
    const { used } = client;
    writer.u16(used.reduce((words, bits) => (bits === 0 ? words : words + 1), 0));
    for (let index = 0; index < used.length; index++) {
      const bits = used[index] ?? 0;
      if (bits !== 0) writer.u16(index).u32(bits);
    }
    return writer.bytes();
  }

  private place(nonce: bigint): number {
    return Number(nonce % BigInt(this.window));
  }

  private bit(client: Client, nonce: bigint): boolean {
    const at = this.place(nonce);
    return ((client.used[at >>> 5] ?? 0) & (1 << (at & 31))) !== 0;
  }

  private advance(client: Client, nonce: bigint): void {
    if (nonce <= client.highest) return;
    if (nonce - client.highest >= BigInt(this.window)) client.used.fill(0);
    else {
      // The places between now stand for nonces one window higher, which nobody has executed.
      for (let next = client.highest + 1n; next <= nonce; next++) {
        const at = this.place(next);
        client.used[at >>> 5] = (client.used[at >>> 5] ?? 0) & ~(1 << (at & 31));
      }
    }
    client.highest = nonce;
  }
}
