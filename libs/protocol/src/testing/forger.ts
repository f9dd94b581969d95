import type { TimeoutSignature } from '../linear-certificates';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import type { VoteSignature } from '../certificates';
import type { Digest, MemberIndex, View } from '../ids';

import type { Named, Slot, TestSwarm } from './swarm';

/** A field of a byte layout: text, bytes in hex, or an unsigned number with its size in bytes. */
type Part = string | { readonly hex: string } | { readonly u: number; readonly size: number };

const bytesOf = (part: Part): Uint8Array => {
  if (typeof part === 'string') return utf8ToBytes(part);
  return hexToBytes('hex' in part ? part.hex : part.u.toString(16).padStart(2 * part.size, '0'));
};

const hashOf = (purpose: string, ...parts: readonly Part[]): Digest =>
  bytesToHex(sha256(concatBytes(utf8ToBytes(`concordat/1 ${purpose}\n`), ...parts.map(bytesOf)))) as Digest;

const u64 = (u: number): Part => ({ u, size: 8 });

/** A header as its fields. */
export interface Header {
  readonly view: number;
  readonly sequence: number;
  readonly parent: Named;
  readonly batch: string;
}

/** Digest of a header, from the specification (4.1). */
export const forgedBlock = ({ view, sequence, parent, batch }: Header): Digest =>
  hashOf('block', u64(view), u64(sequence), u64(parent.view), { hex: parent.digest }, { hex: batch });

/** Digest of a TIMEOUT, from the specification. */
export const forgedTimeout = ({ view, digest }: Named): Digest => hashOf('timeout', u64(view), { hex: digest });

/** What a forger lies about. */
export interface Lie {
  /** Code of the kind that is signed. */
  readonly code?: number;
  readonly epoch?: number;
  readonly tableHash?: string;
  readonly swarmId?: string;
  /** Whose key signs. */
  readonly key?: number;
}

/** Makes what members of a swarm with toy keys sign, from the specification alone: nothing of the code under test is used. */
export class Forger {
  constructor(private readonly swarm: TestSwarm) {}

  /** A vote for a block. */
  vote(sender: number, slot: Slot, lie: Lie = {}): VoteSignature {
    return { sender: sender as MemberIndex, signature: this.sign(sender, slot, { code: 16, ...lie }) };
  }

  votes(senders: readonly number[], slot: Slot, lie: Lie = {}): VoteSignature[] {
    return senders.map((sender) => this.vote(sender, slot, lie));
  }

  /** A view given up. `signed`: the view, and what the signature says was named, where that is something else. */
  timeout(sender: number, highest: Named, signed: { view: number; highest?: Named }, lie: Lie = {}): TimeoutSignature {
    const slot = { view: signed.view, sequence: 0, digest: forgedTimeout(signed.highest ?? highest) };
    return {
      sender: sender as MemberIndex,
      highest: { view: highest.view as View, digest: highest.digest },
      signature: this.sign(sender, slot, { code: 17, ...lie }),
    };
  }

  private sign(sender: number, { view, sequence, digest }: Slot, lie: Lie & { readonly code: number }): Uint8Array {
    const { domain, committee } = this.swarm;
    const parts: Part[] = [
      'concordat/1 statement\n',
      { hex: lie.swarmId ?? domain.swarmId },
      { hex: lie.tableHash ?? domain.tableHash },
      { u: lie.code, size: 1 },
      { u: sender, size: 2 },
      u64(lie.epoch ?? committee.epoch),
      u64(view),
      u64(sequence),
      { hex: digest },
    ];
    const bytes = concatBytes(...parts.map(bytesOf));
    const key = sha256(utf8ToBytes(`key of n${String(lie.key ?? sender)}`));
    return concatBytes(sha256(concatBytes(key, bytes)), sha256(concatBytes(bytes, key)));
  }
}
