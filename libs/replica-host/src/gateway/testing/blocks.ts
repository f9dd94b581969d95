import type { CommittedBlock, EnvelopeProgress } from '@concordat/consensus';
import {
  createBatch,
  digest,
  encodeEnvelopeBody,
  millis,
  nodeId,
  portableHash,
  sealEnvelope,
  sequence,
  view,
  type Authentic,
  type EnvelopeBody,
  type Request,
  type Signer,
  OUTCOMES,
  type OutcomeName,
} from '@concordat/protocol';
import { DURATION_UNKNOWN, type DecisionRecord } from '@concordat/records';

const utf8 = new TextEncoder();

/** A request with that value. */
export const request = (value: unknown, proposer = ''): Request => ({
  value: utf8.encode(JSON.stringify(value)),
  category: 'general',
  priority: 'normal',
  proposer,
  metadata: new Uint8Array(0),
  expiresAt: millis(1_000_000),
});

/** Seals without a key: nothing here checks signatures. */
export const sealUnsigned = (body: EnvelopeBody): Authentic =>
  sealEnvelope(portableHash, body, encodeEnvelopeBody(body), new Uint8Array(64)) as Authentic;

/** A gateway's envelope of these values. */
export const gatewayEnvelope = (node: string, firstNonce: number, ...values: readonly unknown[]): Authentic =>
  sealUnsigned({
    signer: { kind: 'gateway', nodeId: nodeId(node), acceptedView: view(2) },
    firstNonce: BigInt(firstNonce),
    requests: values.map((value) => request(value, 'me')),
  });

/** A client's envelope of these values. */
export const clientEnvelope = (key: number, firstNonce: number, ...values: readonly unknown[]): Authentic => {
  const signer: Signer = { kind: 'client', publicKey: new Uint8Array(32).fill(key) };
  return sealUnsigned({ signer, firstNonce: BigInt(firstNonce), requests: values.map((value) => request(value)) });
};

/** A block that decided these envelopes; outcomes default to `decided`. */
export function blockOf(
  at: number,
  envelopes: readonly Authentic[],
  outcomes?: readonly OutcomeName[],
): CommittedBlock & DecisionRecord {
  const batch = envelopes.length === 0 ? undefined : createBatch(portableHash, millis(at * 1000), envelopes);
  const count = envelopes.reduce((sum, { requests }) => sum + requests.length, 0);
  const codes = Array.from({ length: count }, (_, index) => OUTCOMES[outcomes?.[index] ?? 'decided']);
  const zero = digest('0'.repeat(64));
  return {
    sequence: sequence(at),
    view: view(3),
    batch,
    certificate: { view: view(3), sequence: sequence(at), digest: batch?.digest ?? zero, signatures: [] },
    logTime: millis(at * 1000),
    outcomes: Uint8Array.from(codes),
    headDigest: zero,
    changes: [],
    durationsMs: envelopes.map((_, index) => (index === 0 ? 10 * at : DURATION_UNKNOWN)),
  };
}

/** Where an undecided envelope stands. */
export const someProgress: EnvelopeProgress = {
  phase: 'prepare',
  view: view(3),
  sequence: sequence(9),
  votes: { prePrepare: 1, prepare: 2, commit: 0 },
  voters: [],
  behind: undefined,
  proposed: sequence(9),
  windowTop: sequence(128),
};
