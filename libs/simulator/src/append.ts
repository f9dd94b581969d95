import type { CommittedBlock, DurableRecord } from '@concordat/consensus';
import type { Signed } from '@concordat/protocol';
import type { LogRecord } from '@concordat/records';

/** What a member asked its disk to keep: what the bytes mean, for the checkers. */
export type Kept =
  | { readonly kind: 'record'; readonly record: DurableRecord }
  | { readonly kind: 'vote'; readonly message: Signed }
  | { readonly kind: 'decision'; readonly block: CommittedBlock }
  /** Decisions from..sequence will never be in the store: a state has taken their place. */
  | { readonly kind: 'gap'; readonly from: number; readonly sequence: number };

/** Something appended: into the log, or a decision's bytes into the decision store. */
export interface Append {
  readonly kept: Kept;
  readonly bytes: LogRecord | Uint8Array;
}
