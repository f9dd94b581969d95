import type { Signed } from '../messages';

/** A valid message with what it shows. */
export interface Sample {
  /** The kind, and after a space what is special. */
  readonly name: string;
  readonly description: string;
  readonly message: Signed;
}
