import { setTimeout as pause } from 'node:timers/promises';
import { createClientSigner, nativeHash, signatureSuite, type ClientSigner } from '@concordat/crypto';
import type { Bus } from '@concordat/nats';
import { asciiBytes, millis, subjectsOf, swarmId } from '@concordat/protocol';
import type { MemberProcess, Swarm } from './swarm';

/** How a client reached the swarm. */
export const ROUTES = ['rest', 'propose', 'submit'] as const;
/** One of ROUTES. */
export type Route = (typeof ROUTES)[number];

/** What a client was told: this value is decided, there. Times are those of performance.now. */
export interface Acknowledgement {
  readonly route: Route;
  readonly proposalId: string;
  readonly sequence: number;
  readonly value: unknown;
  readonly askedAt: number;
  readonly at: number;
}

type Told = Pick<Acknowledgement, 'proposalId' | 'sequence'>;

/** Clients of one route over NATS. */
const CLIENTS = 2;
const PROPOSAL_TIMEOUT_MS = 5_000;
const ANSWER_TIMEOUT_MS = 8_000;
/** By then whoever waits is told that it expired. */
const EXPIRY_SLACK_MS = 2_000;
/** Between two proposals of a client, and after a failure. */
const PACE_MS = 100;
const RETRY_MS = 50;

/**
 * Clients that propose one value after the other by every route until they are stopped: at each member over HTTP, at any
 * ready member over NATS, and, with keys of their own, signed envelopes that they hand in again until they know.
 */
export class ChaosLoad {
  readonly acknowledged: Acknowledgement[] = [];
  private running = true;
  private readonly clients: Promise<void>[];

  constructor(
    private readonly swarm: Swarm,
    private readonly bus: Bus,
  ) {
    this.clients = [
      ...swarm.members.map((member) => this.run('rest', member.name, (value) => proposeAt(member, value))),
      ...this.several('propose', () => (value) => this.propose(value)),
      ...this.several('submit', () => this.signedClient()),
    ];
  }

  /** The first acknowledgement of what was asked for after `since`. */
  firstAskedAfter(since: number): Acknowledgement | undefined {
    return this.acknowledged.find(({ askedAt }) => askedAt > since);
  }

  /** Stops proposing and waits for the last answers. */
  async stop(): Promise<void> {
    this.running = false;
    await Promise.all(this.clients);
  }

  private several(route: Route, make: () => (value: unknown) => Promise<Told>): Promise<void>[] {
    return Array.from({ length: CLIENTS }, (_, n) => this.run(route, String(n), make()));
  }

  private async run(route: Route, name: string, ask: (value: unknown) => Promise<Told>): Promise<void> {
    for (let n = 0; this.running; n++) {
      const value = { client: `${route} ${name}`, n };
      const askedAt = performance.now();
      try {
        const told = await ask(value);
        this.acknowledged.push({ route, ...told, value, askedAt, at: performance.now() });
        await pause(PACE_MS);
      } catch {
        // Not acknowledged: nothing is claimed about it.
        await pause(RETRY_MS);
      }
    }
  }

  private async propose(value: unknown): Promise<Told> {
    const body = asciiBytes(JSON.stringify({ value, wait: true, timeout_ms: PROPOSAL_TIMEOUT_MS }));
    return toldBy(await this.request('propose', body));
  }

  private signedClient(): (value: unknown) => Promise<Told> {
    const { genesis } = this.swarm;
    const suite = signatureSuite(genesis.table.signatureScheme);
    const id = swarmId(nativeHash, genesis);
    const { privateKey } = suite.generate();
    const signer = createClientSigner({ suite, privateKey, hash: nativeHash, swarmId: id });
    let nonce = 0n;
    return (value) => this.submit(signer, ++nonce, value);
  }

  /** Hands the same bytes in, at whichever member answers, until it is decided or it must have expired. */
  private async submit(signer: ClientSigner, firstNonce: bigint, value: unknown): Promise<Told> {
    const expiresAt = Date.now() + PROPOSAL_TIMEOUT_MS;
    const request = { category: 'general', priority: 'normal', proposer: '', metadata: new Uint8Array(0) } as const;
    const { bytes } = signer.signEnvelope({
      firstNonce,
      requests: [{ ...request, value: asciiBytes(JSON.stringify(value)), expiresAt: millis(expiresAt) }],
    });
    while (this.running && Date.now() < expiresAt + EXPIRY_SLACK_MS) {
      const body = await this.request('submit', bytes).catch(() => undefined);
      if (body?.['status'] === 'decided')
        return { proposalId: String(body['first_proposal_id']), sequence: Number(body['sequence']) };
      if (body?.['status'] === 'expired') break;
      await pause(RETRY_MS);
    }
    throw new Error('it is not known to be decided');
  }

  private async request(verb: 'propose' | 'submit', bytes: Uint8Array): Promise<Record<string, unknown>> {
    const subject = subjectsOf(this.swarm.genesis.swarm).api(verb);
    const reply = await this.bus.request(subject, bytes, { timeoutMs: ANSWER_TIMEOUT_MS });
    if (reply.error !== undefined) throw new Error(reply.error.message);
    return JSON.parse(Buffer.from(reply.bytes).toString()) as Record<string, unknown>;
  }
}

async function proposeAt(member: MemberProcess, value: unknown): Promise<Told> {
  return toldBy(await member.decide(value, { timeout_ms: PROPOSAL_TIMEOUT_MS }));
}

function toldBy(body: Record<string, unknown>): Told {
  if (body['status'] !== 'decided') throw new Error(`not decided: ${String(body['status'])}`);
  const { sequence } = body['certificate'] as { sequence: number };
  return { proposalId: String(body['proposal_id']), sequence };
}
