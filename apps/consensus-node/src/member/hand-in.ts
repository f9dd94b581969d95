import { lateRefusal } from '@concordat/consensus';
import { type Authentic, type Committee, type Epoch, type Rejection } from '@concordat/protocol';
import { HostStoppedError, type ReplicaHost } from '@concordat/replica-host';

/** A host, and the committee of the epoch that it serves. */
export interface Serving {
  readonly host: Pick<ReplicaHost, 'submit' | 'state'>;
  readonly committee: Committee;
}

/** What handing in needs of the member. */
export interface HandInPorts {
  /** The host of the moment; it may have ended. */
  readonly serving: () => Serving;
  /** True while the next epoch is being begun. */
  readonly isSucceeding: () => boolean;
  /** True once the member stops. */
  readonly isStopped: () => boolean;
  /** Resolves when that epoch has begun; with false when it never will. */
  readonly epochBegun: (epoch: Epoch) => Promise<boolean>;
}

/**
 * Hands an envelope in; one that the end of an epoch surprises goes into the next. Resolves with undefined when it is in the
 * pool, or with the reason why not. Rejects with a HostStoppedError when the member stops.
 *
 * One that was signed with a key which its gateway has no more is refused: nobody would accept it in a proposal, so that this
 * member would leave view after view for it, alone.
 */
export async function handIn(envelope: Authentic, ports: HandInPorts): Promise<Rejection | undefined> {
  const { committee: signedIn } = ports.serving();
  for (;;) {
    const { host, committee } = ports.serving();
    try {
      return await host.submit(envelope);
    } catch (error) {
      const ended = host.state === 'ended' || host !== ports.serving().host || ports.isSucceeding();
      if (!(error instanceof HostStoppedError) || ports.isStopped() || !ended) throw error;
      // The host ends some time before the next epoch begins: its end must be on disk first.
      if (!(await ports.epochBegun((committee.epoch + 1) as Epoch))) throw error;
      const refused = lateRefusal(envelope, signedIn, ports.serving().committee);
      if (refused !== undefined) return refused;
    }
  }
}
