import {
  seal,
  type Digest,
  type EngineName,
  type MessageKind,
  type Sequence,
  type Signed,
  type Verified,
  type View,
} from '@concordat/protocol';
import { othersOf, type Adversary, type AdversaryTools } from '../adversary';
import { packetOf, packetOfBytes, type Packet } from '../packet';

/** Messages that are kept for being replayed. */
const KEPT = 64;

/** Votes that it signs for slots far away. */
const SIGNED_AT_RANDOM = {
  pbft: ['commit', 'prepare', 'checkpoint'],
  hotstuff: ['vote', 'vote', 'checkpoint'],
} as const satisfies Readonly<Record<EngineName, readonly MessageKind[]>>;

/** Replays old messages of everyone, damages bytes, and signs votes for slots far away. */
export class Noise implements Adversary {
  private readonly heard: Packet[] = [];

  constructor(private readonly tools: AdversaryTools) {}

  divert(message: Signed): readonly Signed[] {
    return [message];
  }

  observe(message: Verified): void {
    const packet = packetOf(message);
    if (this.heard.length < KEPT) this.heard.push(packet);
    else this.heard[this.tools.random.below(KEPT)] = packet;
  }

  act(): void {
    const { random } = this.tools;
    const to = random.pick(othersOf(this.tools));
    const heard = this.heard.length > 0 ? random.pick(this.heard) : undefined;
    switch (random.below(4)) {
      case 0:
        if (heard !== undefined) this.tools.transmit(to, heard);
        break;
      case 1:
        if (heard !== undefined) this.tools.transmit(to, packetOfBytes(this.damaged(heard.bytes)));
        break;
      case 2:
        this.tools.transmit(to, packetOfBytes(random.bytes(random.between(0, 200))));
        break;
      default:
        this.tools.transmit(to, packetOf(this.farAway()));
    }
  }

  private damaged(bytes: Uint8Array): Uint8Array {
    const { random } = this.tools;
    const copy = bytes.slice(0, random.chance(0.3) ? random.below(bytes.length) : bytes.length);
    const place = random.below(Math.max(1, copy.length));
    if (copy.length > 0) copy[place] = (copy[place] ?? 0) ^ (1 << random.below(8));
    return copy;
  }

  private farAway(): Signed {
    const { random, sealer, committee } = this.tools;
    const near = random.chance(0.5);
    const view = (near ? random.below(4) : random.u32()) as View;
    const sequence = (near ? random.between(1, 64) : random.between(1, 0xffff_fffe)) as Sequence;
    const digest = random.u32().toString(16).padStart(8, '0').repeat(8) as Digest;
    const kind = random.pick(SIGNED_AT_RANDOM[committee.table.engine]);
    if (kind === 'checkpoint') {
      const content = { stateDigest: digest, boundary: 0 as Sequence, nextTableHash: digest };
      return seal(sealer, { kind, sequence, content });
    }
    return seal(sealer, { kind, view, sequence, digest });
  }
}
