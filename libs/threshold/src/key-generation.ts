import { invariant, toHex } from '@concordat/protocol';
import { checkDealing, openShare, type CheckedDealing } from './dealing';
import type { Group } from './group';
import { thresholdHash, u16 } from './hashing';
import type { KeyInstance } from './instance';
import { KeyShare } from './key-share';
import { isThresholdRefusal, refuse, type ThresholdRefusal } from './refusal';

/** A key that was made: what everybody knows of it. */
export interface SharedKey<P> {
  readonly group: Group<P>;
  readonly threshold: number;
  /** The swarm's public key. */
  readonly publicKey: P;
  /** Public share of member i at i - 1: its secret share times the base. */
  readonly publicShares: readonly P[];
  /** Dealers whose dealings make up the key, in log order. */
  readonly dealers: readonly number[];
  /** 64 bytes over the instance, the dealings in log order, the key and the public shares: equal at all who have the same key. */
  readonly transcript: Uint8Array;
}

/** A dealing that counts, or why one does not. */
export type DealingVerdict = { readonly counted: number; readonly complete: boolean } | ThresholdRefusal;

/**
 * The making of one key, as everybody who reads the log sees it.
 *
 * The first f + 1 dealings of different members whose proofs hold make up the key; one of them is an honest member's. Each proves
 * that all members can open their shares, so nothing waits for anybody, and what comes later changes nothing. A member's first
 * dealing stands, good or bad. No clock, no
 * randomness: the same messages in the same order give the same key, byte for byte.
 */
export class KeyGeneration<P> {
  private readonly counted: CheckedDealing<P>[] = [];
  /** Members that had a dealing ordered, good or bad: a check is dear, so each gets one. */
  private readonly dealt = new Set<number>();
  private made: SharedKey<P> | undefined;

  constructor(private readonly instance: KeyInstance<P>) {}

  /** Takes the next dealing of the log. `sender` is the member, 1..n, whose signature the log holds for it. */
  onDealing(sender: number, bytes: Uint8Array): DealingVerdict {
    if (this.made !== undefined) return refuse('late', 'the key is fixed', sender);
    if (sender < 1 || sender > this.instance.encryptionKeys.length)
      return refuse('not_a_member', `no member ${String(sender)}`, sender);
    if (this.dealt.has(sender)) return refuse('duplicate', `a second dealing of member ${String(sender)}`, sender);
    this.dealt.add(sender);
    const dealing = checkDealing(this.instance, sender, bytes);
    if (isThresholdRefusal(dealing)) return dealing;
    const key = this.keyOf([...this.counted, dealing]);
    if ([key.publicKey, ...key.publicShares].some((point) => this.instance.group.isIdentity(point)))
      return refuse('cancels_key', `the dealing of member ${String(sender)} cancels the key or a share`, sender);
    this.counted.push(dealing);
    if (this.counted.length > this.instance.faulty) this.made = key;
    return { counted: this.counted.length, complete: this.made !== undefined };
  }

  /** The key, once it is fixed. */
  key(): SharedKey<P> | undefined {
    return this.made;
  }

  /** The share of member `index`, from the secret of its encryption key; undefined before the key is fixed. */
  share(index: number, decryptionSecret: bigint): KeyShare | ThresholdRefusal | undefined {
    const { made } = this;
    if (made === undefined) return undefined;
    const { group } = this.instance;
    let sum = 0n;
    for (const dealing of this.counted) {
      const part = openShare(this.instance, dealing, index, decryptionSecret);
      if (isThresholdRefusal(part)) return part;
      sum = (sum + part) % group.order;
    }
    const expected = made.publicShares[index - 1];
    invariant(
      expected !== undefined && group.equal(group.scale(group.base, sum), expected),
      'a sum of shares is the share of the sum',
    );
    return new KeyShare(index, sum);
  }

  private keyOf(dealings: readonly CheckedDealing<P>[]): SharedKey<P> {
    const { group, threshold, encryptionKeys, context } = this.instance;
    const sum = (points: readonly P[]): P => points.reduce((a, b) => group.add(a, b), group.zero);
    const publicKey = sum(dealings.map(({ commitments }) => commitments[0] ?? group.zero));
    const publicShares = encryptionKeys.map((_, at) =>
      sum(dealings.map((dealing) => dealing.publicShares[at] ?? group.zero)),
    );
    const transcript = thresholdHash(
      'transcript',
      context,
      u16(dealings.length),
      ...dealings.flatMap(({ dealer, digest }) => [u16(dealer), digest]),
      ...[publicKey, ...publicShares].map((point) => group.encode(point)),
    );
    return { group, threshold, publicKey, publicShares, dealers: dealings.map(({ dealer }) => dealer), transcript };
  }
}

/** Hexadecimal transcript of a key: what members compare. */
export const transcriptText = ({ transcript }: SharedKey<unknown>): string => toHex(transcript);
