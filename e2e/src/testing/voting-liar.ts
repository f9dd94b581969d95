import { nativeHash, type KeyPair } from '@concordat/crypto';
import { connectBus, type NatsBus } from '@concordat/nats';
import { decodeFrame, decodePayload, isRejection, subjectsOf, wireLimits, type Committee } from '@concordat/protocol';
import { sealedBy } from './liar';
import type { Swarm } from './swarm';

/** A member's key in the hands of somebody who votes for every proposal, whether or not its votes count. */
export class VotingLiar {
  /** Sequences that it has voted for. */
  readonly votedFor = new Set<number>();

  private constructor(private readonly bus: NatsBus) {}

  /** Votes in the epoch of `committee` until it is closed. */
  static async connect(swarm: Swarm, name: string, key: KeyPair, committee: Committee): Promise<VotingLiar> {
    const bus = await connectBus({ url: swarm.nats.url, name: 'voting liar' });
    const liar = new VotingLiar(bus);
    const subjects = subjectsOf(swarm.genesis.swarm);
    const limits = wireLimits(committee.table);
    bus.subscribe(subjects.allConsensus, (bytes, subject) => {
      if (!subject.endsWith('.pre-prepare')) return;
      const frame = decodeFrame(bytes, limits);
      const message = isRejection(frame) ? frame : decodePayload(nativeHash, frame, limits);
      if (isRejection(message) || message.epoch !== committee.epoch) return;
      const { view, sequence, digest } = message;
      for (const kind of ['prepare', 'commit'] as const) {
        const vote = sealedBy(swarm, name, key, committee, { kind, view, sequence, digest });
        bus.publish(subjects.consensus(name, kind), vote);
      }
      liar.votedFor.add(sequence);
    });
    await bus.flush();
    return liar;
  }

  close(): Promise<void> {
    return this.bus.close();
  }
}
