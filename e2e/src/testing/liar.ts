import { randomBytes } from 'node:crypto';
import { createSigner, nativeHash, signatureSuite, type KeyPair } from '@concordat/crypto';
import { connectBus, type NatsBus } from '@concordat/nats';
import {
  digest,
  encodeMessage,
  seal,
  sequence,
  subjectsOf,
  swarmId,
  toHex,
  view,
  type Committee,
  type Draft,
} from '@concordat/protocol';
import type { Swarm } from './swarm';

/** Somebody who has a member's key, and signs with it what the honest process beside never would. */
export class Liar {
  /** Messages that were sent. */
  sent = 0;

  private constructor(
    private readonly swarm: Swarm,
    private readonly name: string,
    private readonly key: KeyPair,
    private readonly bus: NatsBus,
  ) {}

  static async connect(swarm: Swarm, name: string, key: KeyPair): Promise<Liar> {
    return new Liar(swarm, name, key, await connectBus({ url: swarm.nats.url, name: 'liar' }));
  }

  /** Two PREPAREs and two COMMITs for each of these sequences, each for another digest, in the first view of the epoch. */
  equivocate(committee: Committee, from: number, count: number): void {
    for (let at = from; at < from + count; at++) {
      for (const kind of ['prepare', 'commit'] as const) {
        for (let time = 0; time < 2; time++) {
          const lie: Draft = { kind, view: view(0), sequence: sequence(at), digest: digest(toHex(randomBytes(32))) };
          this.bus.publish(
            subjectsOf(this.swarm.genesis.swarm).consensus(this.name, kind),
            sealedBy(this.swarm, this.name, this.key, committee, lie),
          );
          this.sent += 1;
        }
      }
    }
  }

  close(): Promise<void> {
    return this.bus.close();
  }
}

/** A message as a member's key signs it in an epoch. */
export function sealedBy(swarm: Swarm, name: string, key: KeyPair, committee: Committee, draft: Draft): Uint8Array {
  const { table, hash, epoch } = committee;
  const domain = { swarmId: swarmId(nativeHash, swarm.genesis), tableHash: hash };
  const suite = signatureSuite(table.signatureScheme);
  const signer = createSigner({ suite, privateKey: key.privateKey, hash: nativeHash, domain });
  const sender = committee.indexOf(name);
  if (sender === undefined) throw new Error(`${name} is no member of epoch ${String(epoch)}`);
  return encodeMessage(seal({ hash: nativeHash, epoch, sender, sign: signer.signStatement }, draft));
}
