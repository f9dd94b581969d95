import { createClientSigner, nativeHash, signatureSuite } from '@concordat/crypto';
import type { NatsBus } from '@concordat/nats';
import { millis, subjectsOf, swarmId } from '@concordat/protocol';
import type { Swarm } from './swarm';
import { until } from './until';

/** How much clients propose. */
export interface SignedLoad {
  /** Each with one envelope in flight. */
  readonly clients: number;
  readonly envelopesPerClient: number;
  readonly requestsPerEnvelope: number;
  readonly valueBytes: number;
}

interface Answered {
  readonly status?: string;
  readonly first_proposal_id?: string;
  readonly error?: { readonly code: string };
}

const suite = signatureSuite('ed25519');
/** How long one envelope may wait for its decision. */
const PATIENCE_MS = 90_000;

/**
 * Has clients with keys of their own propose envelopes of many requests, and waits until all are decided. Gives the id of
 * the first proposal.
 */
export async function proposeMany(swarm: Swarm, bus: NatsBus, load: SignedLoad): Promise<string> {
  const { clients, envelopesPerClient, requestsPerEnvelope, valueBytes } = load;
  const subject = subjectsOf(swarm.genesis.swarm).api('submit');
  const value = new TextEncoder().encode(JSON.stringify('x'.repeat(valueBytes - 2)));
  const run = async (): Promise<string> => {
    const { privateKey } = suite.generate();
    const signer = createClientSigner({
      suite,
      privateKey,
      hash: nativeHash,
      swarmId: swarmId(nativeHash, swarm.genesis),
    });
    let first = '';
    for (let n = 0; n < envelopesPerClient; n++) {
      const expiresAt = millis(Date.now() + PATIENCE_MS);
      const request = {
        value,
        category: 'general',
        priority: 'normal',
        proposer: '',
        metadata: new Uint8Array(0),
      } as const;
      const { bytes } = signer.signEnvelope({
        firstNonce: BigInt(n * requestsPerEnvelope + 1),
        requests: Array.from({ length: requestsPerEnvelope }, () => ({ ...request, expiresAt })),
      });
      const answer = await until('an envelope is taken and decided', PATIENCE_MS, async () => {
        const reply = await bus.request(subject, bytes, { timeoutMs: PATIENCE_MS + 5_000 });
        const said = JSON.parse(Buffer.from(reply.bytes).toString('utf8')) as Answered;
        // On a busy machine a member may miss heartbeats for a moment: nothing was taken then, and it is handed in again.
        return said.error?.code === 'NO_QUORUM' ? undefined : said;
      });
      if (answer.status !== 'decided') throw new Error(`not decided: ${JSON.stringify(answer).slice(0, 300)}`);
      first ||= answer.first_proposal_id ?? '';
    }
    return first;
  };
  const [first] = await Promise.all(Array.from({ length: clients }, run));
  if (first === undefined) throw new Error('no clients');
  return first;
}
