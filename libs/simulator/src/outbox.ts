import { decodeDecision } from '@concordat/records';
import {
  seal,
  type Committee,
  type Hash,
  type MemberIndex,
  type Sealer,
  type Sequence,
  type Signed,
} from '@concordat/protocol';
import type { Adversary } from './adversary';
import type { SimulatedDisk } from './disk';
import type { SimulatedNetwork } from './network';
import { packetOf, type Packet } from './packet';
import type { Checker } from './watch';

/** What an outbox is built from. */
export interface OutboxParts {
  readonly index: MemberIndex;
  readonly committee: Committee;
  readonly hash: Hash;
  readonly sealer: Sealer;
  readonly disk: SimulatedDisk;
  readonly network: SimulatedNetwork;
  readonly watch: Required<Checker>;
  readonly adversary: Adversary | undefined;
}

/** Puts a member's messages on the wire: as they are, or as its adversary wants them. */
export class Outbox {
  private readonly packets = new WeakMap<Signed, Packet>();

  constructor(private readonly parts: OutboxParts) {}

  /** Sends to everyone else. */
  broadcast(message: Signed): void {
    const { committee, index } = this.parts;
    for (const to of committee.indexesInOrder) if (to !== index) this.send(to, message);
  }

  /** Sends to one member. */
  send(to: MemberIndex, message: Signed): void {
    const { adversary, watch, index } = this.parts;
    if (adversary === undefined) {
      watch.sent(index, to, message);
      this.transmit(to, this.packet(message));
      return;
    }
    for (const instead of adversary.divert(message, to)) this.transmit(to, this.packet(instead));
  }

  /** Sends decided sequences from the decision store, as far as they are there. */
  supply(to: MemberIndex, from: Sequence, through: Sequence): void {
    const { disk, hash, sealer } = this.parts;
    for (let at: number = from; at <= through; at++) {
      const bytes = disk.decision(at);
      if (bytes === undefined) return;
      const { view, sequence, batch, certificate } = decodeDecision(hash, bytes);
      this.send(to, seal(sealer, { kind: 'decided', view, sequence, batch, certificate }));
    }
  }

  /** Puts bytes on the wire as they are. */
  transmit(to: MemberIndex, packet: Packet): void {
    this.parts.network.send(this.parts.index, to, packet);
  }

  private packet(message: Signed): Packet {
    let packet = this.packets.get(message);
    if (packet === undefined) {
      packet = packetOf(message);
      this.packets.set(message, packet);
    }
    return packet;
  }
}
