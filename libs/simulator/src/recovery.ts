import type { CommittedBlock, DurableRecord, Recovered } from '@concordat/consensus';
import { wireLimits, type Committee, type Hash, type MemberIndex, type Signed } from '@concordat/protocol';
import {
  decodeDecision,
  DURATION_UNKNOWN,
  encodeDecision,
  encodeDurableRecord,
  encodeOwnVote,
  recover,
  type DecisionRecord,
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

/** What a restarted member knows, and which decisions its store holds. */
export interface Restart {
  readonly recovered: Recovered;
  readonly decided: readonly number[];
}

/** Reads a disk as the real host does: the log through its records' own recovery, then the decisions above its state. */
export function recoverMember(hash: Hash, committee: Committee, self: MemberIndex, contents: DiskContents): Restart {
  const limits = wireLimits(committee.table);
  const options = { hash, limits, widest: limits, epoch: committee.epoch, self };
  const votes = recover(contents.log, options);
  const stored = contents.decisions.map((bytes) => decodeDecision(hash, bytes));
  return {
    recovered: { ...votes, decided: following(stored, votes.state?.sequence ?? 0), tornTail: contents.tornTail },
    decided: stored.map((decision) => decision.sequence),
  };
}

/** The decisions from `sequence` + 1 on, up to the first gap. */
function following(stored: readonly DecisionRecord[], sequence: number): DecisionRecord[] {
  const found: DecisionRecord[] = [];
  for (const decision of stored) if (decision.sequence === sequence + found.length + 1) found.push(decision);
  return found;
}
