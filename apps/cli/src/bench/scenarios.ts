/** One kind of load: closed-loop clients, each with one envelope in flight. */
export interface Scenario {
  readonly name: string;
  /** In words, for people. */
  readonly title: string;
  /** Requests without a key go through a gateway's `propose`; signed ones as raw envelopes to `submit`. */
  readonly signed: boolean;
  readonly clients: number;
  /** Requests in an envelope. */
  readonly envelopeSize: number;
}

/** Every scenario, in the order of a run. */
export const SCENARIOS: readonly Scenario[] = [
  { name: 'one-in-flight', title: 'one request in flight', signed: false, clients: 1, envelopeSize: 1 },
  {
    name: 'signed-clients',
    title: 'many clients, one signed request each',
    signed: true,
    clients: 256,
    envelopeSize: 1,
  },
  { name: 'envelopes', title: 'clients that send envelopes of 100', signed: true, clients: 64, envelopeSize: 100 },
];

/** Bytes of a request's value. */
export const REQUEST_BYTES = 200;

/** JSON text of exactly REQUEST_BYTES bytes, another for each `n`. */
export function valueText(n: number): string {
  const bare = JSON.stringify({ n, pad: '' });
  return JSON.stringify({ n, pad: 'x'.repeat(REQUEST_BYTES - bare.length) });
}
