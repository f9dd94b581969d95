import {
  LayoutError,
  toBase64Url,
  type Committee,
  type EpochTable,
  type MemberIndex,
  type Reader,
  type Writer,
} from '@concordat/protocol';
import { refuse, type Refusal } from './refusal';
import type { Approval } from './system-request';

/** Says whether a signature by a key holds over bytes. */
export type KeyVerifier = (publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array) => boolean;

/** Who stands behind an operation: one of the operators, or a quorum of the members. Its place in the list of nonces. */
export type Authority = number;
const MEMBERS: Authority = 0;

/**
 * Who may change the table, and which of their operations were executed (Spec §7).
 *
 * An operator's approval stands alone, or it is none. Each authority counts its own nonces, so an operation that two of them
 * approve can be executed twice: whoever gathers approvals cannot come to that by gathering more than one needs.
 */
export class Authorities {
  private readonly operators = new Map<string, Authority>();
  private readonly members = new Map<string, MemberIndex>();
  /** Highest nonce that each authority used: the members', then each operator's in the order of the table. 0 for none. */
  private nonces: number[];

  constructor(
    private readonly committee: Committee,
    private readonly verify: KeyVerifier,
  ) {
    const { operators, members } = committee.table;
    operators.forEach((key, index) => this.operators.set(toBase64Url(key), index + 1));
    members.forEach((member, index) => this.members.set(toBase64Url(member.publicKey), index as MemberIndex));
    this.nonces = [0, ...operators.map(() => 0)];
  }

  /** The authority that the approvals of `bytes` give; undefined for none. */
  of(approvals: readonly Approval[], bytes: Uint8Array): Authority | undefined {
    const consenting: MemberIndex[] = [];
    for (const { publicKey, signature } of approvals) {
      const key = toBase64Url(publicKey);
      const operator = this.operators.get(key);
      if (operator !== undefined)
        return approvals.length === 1 && this.verify(publicKey, bytes, signature) ? operator : undefined;
      const member = this.members.get(key);
      if (member !== undefined && this.verify(publicKey, bytes, signature)) consenting.push(member);
    }
    return this.committee.isQuorum(consenting) ? MEMBERS : undefined;
  }

  /** Uses up a nonce of an authority; a Refusal, and nothing is changed, when it is not above the highest used one. */
  use(authority: Authority, nonce: number): Refusal | undefined {
    const highest = this.nonces[authority] ?? 0;
    if (nonce <= highest) {
      const whose = authority === MEMBERS ? "the members'" : `operator ${String(authority - 1)}'s`;
      return refuse(`nonce ${String(nonce)} is not above ${String(highest)}, ${whose} last`);
    }
    this.nonces[authority] = nonce;
    return undefined;
  }

  /** Takes over the nonces of the epoch before, whose table was `table`. Those of keys that are no operators now are gone. */
  inherit(previous: Authorities, table: EpochTable): void {
    this.nonces[MEMBERS] = previous.nonces[MEMBERS] ?? 0;
    table.operators.forEach((key, index) => {
      const authority = this.operators.get(toBase64Url(key));
      if (authority !== undefined) this.nonces[authority] = previous.nonces[index + 1] ?? 0;
    });
  }

  /** Appends all nonces. */
  write(writer: Writer): void {
    writer.u16(this.nonces.length);
    for (const nonce of this.nonces) writer.u64(nonce);
  }

  /** Reads what `write` wrote. Throws a LayoutError. */
  read(reader: Reader): void {
    const count = reader.u16();
    if (count !== this.nonces.length)
      throw new LayoutError(`nonces of ${String(count)} authorities, there are ${String(this.nonces.length)}`);
    this.nonces = Array.from({ length: count }, () => reader.u64());
  }
}
