import {
  asciiBytes,
  createBatch,
  encodeEnvelopeBody,
  memberIndex,
  millis,
  nodeId,
  NULL_DIGEST,
  portableHash,
  sealEnvelope,
  sequence as toSequence,
  view as toView,
  type Envelope,
  type EnvelopeBody,
  OUTCOMES,
  type OutcomeName,
} from '@concordat/protocol';
import { type DecisionRecord } from '@concordat/records';

/** An envelope as a test describes it: a gateway, the nonce of its first request, and what became of each request. */
export interface EnvelopeSketch {
  readonly gateway?: string;
  readonly firstNonce: number;
  readonly outcomes: readonly OutcomeName[];
  readonly durationMs?: number;
}

/** A gateway's envelope with `count` small requests. */
export function sketchEnvelope(gateway: string, firstNonce: number, count: number): Envelope {
  const request = {
    value: asciiBytes('{"do":"it"}'),
    category: 'general',
    priority: 'normal',
    proposer: '',
    metadata: new Uint8Array(0),
    expiresAt: millis(9_999),
  } as const;
  const body: EnvelopeBody = {
    signer: { kind: 'gateway', nodeId: nodeId(gateway), acceptedView: toView(0) },
    firstNonce: BigInt(firstNonce),
    requests: new Array<typeof request>(count).fill(request),
  };
  return sealEnvelope(portableHash, body, encodeEnvelopeBody(body), new Uint8Array(64).fill(1));
}

/** A decision with those envelopes; the null batch for none. */
export function sketchDecision(sequence: number, sketches: readonly EnvelopeSketch[] = [], view = 0): DecisionRecord {
  const envelopes = sketches.map(({ gateway = 'gateway', firstNonce, outcomes }) =>
    sketchEnvelope(gateway, firstNonce, outcomes.length),
  );
  const batch = envelopes.length === 0 ? undefined : createBatch(portableHash, millis(sequence), envelopes);
  return {
    sequence: toSequence(sequence),
    view: toView(view),
    logTime: millis(sequence),
    batch,
    certificate: {
      view: toView(view),
      sequence: toSequence(sequence),
      digest: batch?.digest ?? NULL_DIGEST,
      signatures: [0, 1, 2].map((i) => ({ sender: memberIndex(i), signature: new Uint8Array(64).fill(i) })),
    },
    outcomes: Uint8Array.from(sketches.flatMap(({ outcomes }) => outcomes.map((name) => OUTCOMES[name]))),
    durationsMs: sketches.map(({ durationMs = 5 }) => durationMs),
  };
}
