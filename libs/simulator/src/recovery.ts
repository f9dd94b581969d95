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

/** A record in the log's real layout. */
export const recordAppend = (record: DurableRecord): Append => ({
  kept: { kind: 'record', record },
  bytes: encodeDurableRecord(record),
});

/** A sealed vote in the log's real layout. */
export const voteAppend = (message: Signed): Append => ({
  kept: { kind: 'vote', message },
  bytes: encodeOwnVote(message),
});

/** A decision in the decision store's real layout. */
export function decisionAppend(block: CommittedBlock): Append {
  const { sequence, batch, certificate, logTime, outcomes } = block;
  const durationsMs = (batch?.envelopes ?? []).map(() => DURATION_UNKNOWN);
  const bytes = encodeDecision({
    sequence,
    view: certificate.view,
    logTime,
    batch,
    certificate,
    outcomes,
    durationsMs,
  });
  return { kept: { kind: 'decision', block }, bytes };
}

/** What a restarted member knows, and which decisions its store holds. */
export interface Restart {
  readonly recovered: Recovered;
  readonly decided: readonly number[];
}

/** Reads a disk as the real host does: the log through its records' own recovery, then the decisions above its state. */
export function recoverMember(hash: Hash, committee: Committee, self: MemberIndex, contents: DiskContents): Restart {
  const options = { hash, limits: wireLimits(committee.table), epoch: committee.epoch, self };
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
