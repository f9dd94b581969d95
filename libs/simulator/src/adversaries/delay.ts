import type { MemberIndex, MessageKind, Signed } from '@concordat/protocol';
import { ADVERSARY_INTERVAL_MS, type Adversary, type AdversaryTools } from '../adversary';
import { packetOf, type Packet } from '../packet';

interface Held {
  readonly to: MemberIndex;
  readonly packet: Packet;
  /** Acts until it goes. */
  left: number;
}

/** What leaders send. */
const LEADING: readonly MessageKind[] = ['prePrepare', 'newView', 'proposal'];

/** Holds back what it sends as leader for almost as long as the others wait, and then sends it: slow, and never too late. */
export class SlowLeader implements Adversary {
  private held: Held[] = [];
  private readonly acts: number;

  constructor(private readonly tools: AdversaryTools) {
    // Between the last two acts before the patience ends: what comes after an act waits for less than an interval.
    this.acts = Math.max(1, Math.floor((tools.config.phaseTimeoutMs - 1) / ADVERSARY_INTERVAL_MS));
  }

  divert(message: Signed, to: MemberIndex): readonly Signed[] {
    const isPassedOn = message.kind === 'proposal' && message.sender !== this.tools.self;
    if (!LEADING.includes(message.kind) || isPassedOn) return [message];
    this.held.push({ to, packet: packetOf(message), left: this.acts });
    return [];
  }

  act(): void {
    for (const held of this.held) if (--held.left === 0) this.tools.transmit(held.to, held.packet);
    this.held = this.held.filter(({ left }) => left > 0);
  }
}
