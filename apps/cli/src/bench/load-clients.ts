import { createClientSigner, nativeHash, signatureSuite } from '@concordat/crypto';
import { asciiBytes, millis, subjectsOf, swarmId, type Genesis, type Request } from '@concordat/protocol';
import { type Msg, type NatsConnection } from 'nats';
import { type LoadClient } from './closed-loop';
import { valueText, type Scenario } from './scenarios';

const ANSWER_TIMEOUT_MS = 30_000;
const LIFETIME_MS = 60_000;
const VALUES = 512;

/** Texts of many requests, made ahead: making them is no part of what is measured. */
const values = Array.from({ length: VALUES }, (_, n) => valueText(n));
const valueBytes = values.map(asciiBytes);

/** The scenario's clients, all on one connection. */
export function createLoadClients(scenario: Scenario, genesis: Genesis, connection: NatsConnection): LoadClient[] {
  return Array.from({ length: scenario.clients }, (_, index) =>
    scenario.signed ? signedClient(scenario, genesis, connection, index) : gatewayClient(genesis, connection),
  );
}

/** Proposes without a key: a gateway signs, and answers when it is decided. */
function gatewayClient({ swarm }: Genesis, connection: NatsConnection): LoadClient {
  const subject = subjectsOf(swarm).api('propose');
  const payloads = values.map((value) => asciiBytes(`{"value":${value},"wait":true}`));
  let sent = 0;
  return {
    async send() {
      const payload = payloads[sent++ % VALUES];
      const reply = await connection.request(subject, payload, { timeout: ANSWER_TIMEOUT_MS });
      assertDecided(reply);
      return 1;
    },
  };
}

/** Signs each envelope when it is sent, with a key of its own. `submit` answers when all of it is decided. */
function signedClient(scenario: Scenario, genesis: Genesis, connection: NatsConnection, index: number): LoadClient {
  const subject = subjectsOf(genesis.swarm).api('submit');
  const suite = signatureSuite(genesis.table.signatureScheme);
  const id = swarmId(nativeHash, genesis);
  const signer = createClientSigner({ suite, privateKey: suite.generate().privateKey, hash: nativeHash, swarmId: id });
  let nonce = 1;
  return {
    async send() {
      const firstNonce = BigInt(nonce);
      const requests = Array.from({ length: scenario.envelopeSize }, (_, i) => requestOf(index * 31 + nonce + i));
      nonce += requests.length;
      const { bytes } = signer.signEnvelope({ firstNonce, requests });
      assertDecided(await connection.request(subject, bytes, { timeout: ANSWER_TIMEOUT_MS }));
      return requests.length;
    },
  };
}

function requestOf(n: number): Request {
  return {
    value: valueBytes[n % VALUES] ?? new Uint8Array(0),
    category: 'general',
    priority: 'normal',
    proposer: '',
    metadata: new Uint8Array(0),
    expiresAt: millis(Date.now() + LIFETIME_MS),
  };
}

function assertDecided(reply: Msg): void {
  const failure = reply.headers?.get('Nats-Service-Error');
  if (failure !== undefined && failure !== '') throw new Error(failure);
  const { status } = reply.json<{ status?: unknown }>();
  if (status !== 'decided') throw new Error(`answered with status ${String(status)}`);
}
