import type { CommittedBlock, DurableRecord, Recovered } from '@concordat/consensus';
import type { Signed } from '@concordat/protocol';
import {
  decodeDecision,
  DURATION_UNKNOWN,
  encodeDecision,
  encodeDurableRecord,
  encodeOwnVote,
  recoverPast,
  RecoveryError,
  type DecisionRecord,
  type Past,
  type PastOptions,
} from '@concordat/records';
import type { Append, DiskContents } from './disk';

/** Something to be kept, in its real layout: made when somebody reads it, for most is never read. */
class LaidOut implements Append {
  private made: Append['bytes'] | undefined;

  constructor(
    readonly kept: Append['kept'],
    private readonly layOut: () => Append['bytes'],
  ) {}

  get bytes(): Append['bytes'] {
    this.made ??= this.layOut();
    return this.made;
  }
}

/** A record in the log's real layout. */
export const recordAppend = (record: DurableRecord): Append =>
  new LaidOut({ kind: 'record', record }, () => encodeDurableRecord(record));

/** A sealed vote in the log's real layout. */
export const voteAppend = (message: Signed): Append =>
  new LaidOut({ kind: 'vote', message }, () => encodeOwnVote(message));

/** A decision in the decision store's real layout. */
export const decisionAppend = (block: CommittedBlock): Append =>
  new LaidOut({ kind: 'decision', block }, () => decisionBytes(block));

function decisionBytes({ sequence, batch, certificate, logTime, outcomes }: CommittedBlock): Uint8Array {
  const durationsMs = (batch?.envelopes ?? []).map(() => DURATION_UNKNOWN);
  const { view } = certificate;
  return encodeDecision({ sequence, view, logTime, batch, certificate, outcomes, durationsMs });
}

/** What the decision store is told of a gap: its real layout is the store's own affair. */
export const gapAppend = (from: number, sequence: number): Append => ({
  kept: { kind: 'gap', from, sequence },
  bytes: new Uint8Array(0),
});

/** What a restarted node knows, and which decisions its store holds. */
export interface Restart extends Omit<Past, 'votes'> {
  readonly recovered: Recovered;
  readonly decided: readonly number[];
}

/** Reads a disk as the real host does: the log through its records' own recovery, then the decisions above its state. */
export function recoverNode(options: PastOptions, contents: DiskContents): Restart {
  const { epochs, committee, votes } = recoverPast(contents.log, options);
  const stored = contents.decisions.map((bytes) => decodeDecision(options.hash, bytes));
  const state = votes.state?.sequence ?? 0;
  if (state > contents.lastSequence)
    throw new RecoveryError('foreign', 'state', 0, `decisions end at ${String(contents.lastSequence)}`);
  return {
    epochs,
    committee,
    recovered: { ...votes, decided: following(stored, state), tornTail: contents.tornTail },
    decided: stored.map((decision) => decision.sequence),
  };
}

/** The decisions from `sequence` + 1 on, up to the first gap. */
function following(stored: readonly DecisionRecord[], sequence: number): DecisionRecord[] {
  const found: DecisionRecord[] = [];
  for (const decision of stored) if (decision.sequence === sequence + found.length + 1) found.push(decision);
  return found;
}
