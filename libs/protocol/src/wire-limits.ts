import type { BatchLimits } from './batch';
import type { CertificateLimits } from './certificate-codec';
import type { Sequence } from './ids';

/** Upper bounds of everything on the wire, from the epoch table. */
export interface WireLimits extends BatchLimits, CertificateLimits {
  readonly windowSize: number;
  /** Where the epoch begins: nothing at or below it belongs to it. */
  readonly baseSequence: Sequence;
  /** Bytes of the largest legal message. */
  readonly messageBytesMax: number;
}
