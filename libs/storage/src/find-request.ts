import { OUTCOMES, type Outcome } from '@concordat/protocol';
import { outcomeOf, type IndexedEnvelope } from './index-layout';

/** Where a request stands in the log, and what executing it came to. */
export interface FoundRequest {
  readonly sequence: number;
  /** Place of its envelope in the batch. */
  readonly envelopeIndex: number;
  /** Place of the request in the envelope. */
  readonly requestIndex: number;
  readonly outcome: Outcome;
}

/** The more an outcome tells, the further to the left: a duplicate only says that another place is the right one. */
const BEST_FIRST: readonly Outcome[] = [
  OUTCOMES.decided,
  OUTCOMES.invalid,
  OUTCOMES.expired,
  OUTCOMES.refused,
  OUTCOMES.duplicate,
];

/** Keeps the best of the places where a nonce occurs. */
export class RequestSearch {
  private best: FoundRequest | undefined;

  constructor(private readonly nonce: bigint) {}

  /** Takes an envelope of the signer into account, whether or not the nonce is in it. */
  consider(envelope: IndexedEnvelope): void {
    const outcome = outcomeOf(envelope, this.nonce);
    if (outcome === undefined) return;
    const { sequence, envelopeIndex, firstNonce } = envelope;
    const found = { sequence, envelopeIndex, requestIndex: Number(this.nonce - firstNonce), outcome };
    const rank = BEST_FIRST.indexOf(outcome);
    if (this.best === undefined || rank < BEST_FIRST.indexOf(this.best.outcome)) this.best = found;
  }

  /** A nonce is decided at one place only: once that is found, no other can be better. */
  get isOver(): boolean {
    return this.best?.outcome === OUTCOMES.decided;
  }

  get result(): FoundRequest | undefined {
    return this.best;
  }
}
