import type { Address } from '@concordat/consensus';
import { decodeDecision } from '@concordat/records';
import {
  OBSERVER,
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
import { nodeName, nodeNumber } from './epoch-history';
import type { FaultWitness } from './fault-coverage';
import type { SimulatedNetwork } from './network';
import type { Opener, Packet } from './packet';
import { stepOfKind, type ProtocolStep } from './protocol-steps';
import type { Strategy } from './schedule';
import type { Checker } from './watch';

/** What an outbox is built from. */
export interface OutboxParts {
  /** Number of the node. */
  readonly index: MemberIndex;
  /** Nodes in all: whatever is broadcast reaches every one of them. */
  readonly nodes: number;
  readonly hash: Hash;
  readonly disk: SimulatedDisk;
  readonly network: SimulatedNetwork;
  readonly opener: Opener;
  readonly watch: Required<Checker>;
  readonly strategy: Strategy | undefined;
  readonly witness: FaultWitness;
}

/** Whose messages an outbox sends: a node in one epoch. */
export interface Author {
  readonly committee: Committee;
  readonly sealer: Sealer;
  readonly adversary: Adversary | undefined;
}

/** Puts a node's messages on the wire: as they are, or as its adversary wants them. */
export class Outbox {
  private ended = false;

  /** `onSent` hears of each copy of a message that left; the process may end there. */
  constructor(
    private readonly parts: OutboxParts,
    private readonly author: Author,
    private readonly onSent: (step: ProtocolStep) => void,
  ) {}

  /** Nothing leaves any more. */
  end(): void {
    this.ended = true;
  }

  /** Sends to every other node. */
  broadcast(message: Signed): void {
    const { nodes, index } = this.parts;
    for (let to = 0; to < nodes; to++) if (to !== index) this.sendTo(to as MemberIndex, message);
  }

  /** Sends to one node: a member by its place, any by its name. */
  send(address: Address, message: Signed): void {
    const name = typeof address === 'number' ? this.author.committee.member(address)?.nodeId : address;
    const to = name === undefined ? undefined : nodeNumber(name);
    if (to !== undefined && to < this.parts.nodes) this.sendTo(to, message);
  }

  private sendTo(to: MemberIndex, message: Signed): void {
    const { watch, index, opener } = this.parts;
    const { adversary, committee } = this.author;
    if (this.ended) return;
    if (adversary === undefined) {
      watch.sent(index, to, message);
      this.transmit(to, opener.packetOf(message));
    } else {
      const instead = adversary.divert(message, committee.indexOf(nodeName(to)) ?? OBSERVER);
      if (instead.length !== 1 || instead[0] !== message) this.noteLie(message, to);
      for (const lie of instead) this.transmit(to, opener.packetOf(lie));
    }
    this.onSent(stepOfKind(message.kind));
  }

  /** Sends decided sequences from the decision store, as far as they are there. */
  supply(to: Address, from: Sequence, through: Sequence): void {
    const { disk, hash } = this.parts;
    const { sealer } = this.author;
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
