import type { Address } from '@concordat/consensus';
import { decodeDecision } from '@concordat/records';
import {
  seal,
  type Committee,
  type Digest,
  type Hash,
  type MemberIndex,
  type Sealer,
  type Sequence,
  type Signed,
} from '@concordat/protocol';
import type { Adversary } from './adversary';
import type { SimulatedDisk } from './disk';
import type { FaultWitness } from './fault-coverage';
import type { SimulatedNetwork } from './network';
import type { Opener, Packet } from './packet';
import { stepOfKind, type ProtocolStep } from './protocol-steps';
import type { Strategy } from './schedule';
import type { Checker } from './watch';

/** What an outbox is built from. */
export interface OutboxParts {
  readonly index: MemberIndex;
  readonly committee: Committee;
  readonly swarmId: Digest;
  readonly hash: Hash;
  readonly sealer: Sealer;
  readonly disk: SimulatedDisk;
  readonly network: SimulatedNetwork;
  readonly opener: Opener;
  readonly watch: Required<Checker>;
  readonly adversary: Adversary | undefined;
  readonly strategy: Strategy | undefined;
  readonly witness: FaultWitness;
}

/** Puts a member's messages on the wire: as they are, or as its adversary wants them. */
export class Outbox {
  private ended = false;

  /** `onSent` hears of each copy of a message that left; the process may end there. */
  constructor(
    private readonly parts: OutboxParts,
    private readonly onSent: (step: ProtocolStep) => void,
  ) {}

  /** Nothing leaves any more. */
  end(): void {
    this.ended = true;
  }

  /** Sends to everyone else. */
  broadcast(message: Signed): void {
    const { committee, index } = this.parts;
    for (const to of committee.indexesInOrder) if (to !== index) this.send(to, message);
  }

  /** Sends to one member. */
  send(address: Address, message: Signed): void {
    const { adversary, watch, index, opener, committee } = this.parts;
    const to = typeof address === 'number' ? address : committee.indexOf(address);
    if (this.ended || to === undefined) return;
    if (adversary === undefined) {
      watch.sent(index, to, message);
      this.transmit(to, opener.packetOf(message));
    } else {
      const instead = adversary.divert(message, to);
      if (instead.length !== 1 || instead[0] !== message) this.noteLie(message, to);
      for (const lie of instead) this.transmit(to, opener.packetOf(lie));
    }
    this.onSent(stepOfKind(message.kind));
  }

  /** Sends decided sequences from the decision store, as far as they are there. */
  supply(to: Address, from: Sequence, through: Sequence): void {
    const { disk, hash, sealer } = this.parts;
    for (let at: number = from; at <= through; at++) {
      const bytes = disk.decision(at);
      if (bytes === undefined || this.ended) return;
      const { view, sequence, batch, certificate } = decodeDecision(hash, bytes);
      this.send(to, seal(sealer, { kind: 'decided', view, sequence, batch, certificate }));
    }
  }

  /** Puts bytes on the wire as they are. */
  transmit(to: MemberIndex, packet: Packet): void {
    this.parts.network.send(this.parts.index, to, packet);
  }

  private noteLie({ kind }: Signed, to: MemberIndex): void {
    const { strategy, witness } = this.parts;
    if (strategy !== undefined) witness.hit(strategy, stepOfKind(kind), to);
  }
}
