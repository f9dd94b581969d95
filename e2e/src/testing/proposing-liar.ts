import { nativeHash, type KeyPair } from '@concordat/crypto';
import { connectBus, type NatsBus } from '@concordat/nats';
import {
  blockDigest,
  decodeFrame,
  decodePayload,
  isRejection,
  NULL_DIGEST,
  subjectsOf,
  wireLimits,
  type Committee,
} from '@concordat/protocol';
import { sealedBy } from './liar';
import type { Swarm } from './swarm';

/** A member's key in the hands of somebody who proposes an empty block beside each full one of the honest process. */
export class ProposingLiar {
  /** Blocks that it has proposed. */
  proposed = 0;

  private constructor(private readonly bus: NatsBus) {}

  /** Proposes in the epoch of `committee` until it is closed. */
  static async connect(swarm: Swarm, name: string, key: KeyPair, committee: Committee): Promise<ProposingLiar> {
    const bus = await connectBus({ url: swarm.nats.url, name: 'proposing liar' });
    const liar = new ProposingLiar(bus);
    const subject = subjectsOf(swarm.genesis.swarm).consensus(name, 'proposal');
    const limits = wireLimits(committee.table);
    bus.subscribe(subject, (bytes) => {
      const frame = decodeFrame(bytes, limits);
      const message = isRejection(frame) ? frame : decodePayload(nativeHash, frame, limits);
      if (isRejection(message) || message.kind !== 'proposal' || message.batchDigest === NULL_DIGEST) return;
      const { view, sequence, parent, justify, timeouts } = message;
      const digest = blockDigest(nativeHash, { view, sequence, parent, batch: NULL_DIGEST });
      const header = { kind: 'proposal', view, sequence, digest, parent, batchDigest: NULL_DIGEST } as const;
      bus.publish(subject, sealedBy(swarm, name, key, committee, { ...header, justify, timeouts, batch: undefined }));
      liar.proposed += 1;
    });
    await bus.flush();
    return liar;
  }

  close(): Promise<void> {
    return this.bus.close();
  }
}
