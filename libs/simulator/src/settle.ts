import type { Envelope, MemberIndex } from '@concordat/protocol';
import type { ReplicaState } from '@concordat/consensus';
import type { EpochsChecker } from './checkers/epochs';
import type { Cluster } from './cluster';
import type { EpochHistory } from './epoch-history';
import type { SimulatedMember } from './member';

/** A swarm that can be healed, and asked what is not finished. */
export interface Settling extends Pick<
  Cluster,
  'admissions' | 'agreement' | 'blame' | 'elapsedMs' | 'failed' | 'heal' | 'requests' | 'runUntil' | 'submit'
> {
  readonly options: { readonly settleMs: number };
  readonly members: readonly SettlingMember[];
  readonly correctMembers: readonly SettlingMember[];
  /** Where members change: who has voted in which epoch, and what all went through. */
  readonly epochs?: Pick<EpochsChecker, 'hasVoted'>;
  readonly history?: EpochHistory;
}

type SettlingMember = Pick<SimulatedMember, 'index' | 'isUp' | 'engine'>;

/** Virtual time between two further requests, as long as a member of the last epoch has not voted there. */
const BEAT_MS = 300;

/** Events between two looks at whether everything is finished. */
const LOOK_INTERVAL = 32;

/**
 * Heals everything and waits, in virtual time, until every correct member has executed the same and every envelope that
 * is owed an outcome has one. Each correct member is given one more envelope: a swarm that is merely silent would pass
 * otherwise. What is missing at the deadline is a violation. `beat`: one more envelope, for members that have not voted in
 * the last epoch because nothing was to be decided there.
 */
export function settle(cluster: Settling, probes: readonly Envelope[] = [], beat?: () => Envelope): void {
  cluster.heal();
  cluster.correctMembers.forEach((member, index) => {
    const probe = probes[index];
    if (probe !== undefined) cluster.submit(member.index, probe, 1);
  });
  const deadline = cluster.elapsedMs + cluster.options.settleMs;
  const submitted = cluster.elapsedMs + 2;
  let looks = 0;
  let nextBeat = submitted + BEAT_MS;
  const done = cluster.runUntil(deadline, () => {
    if (cluster.elapsedMs < submitted || looks++ % LOOK_INTERVAL !== 0) return false;
    if (unfinished(cluster, probes) === undefined) return true;
    const [silent] = silentVoters(cluster);
    if (beat !== undefined && silent !== undefined && cluster.elapsedMs > nextBeat) {
      nextBeat = cluster.elapsedMs + BEAT_MS;
      cluster.submit(silent, beat());
    }
    return false;
  });
  if (done || cluster.failed) return;
  const [first] = cluster.correctMembers;
  if (first !== undefined) cluster.blame('liveness', first.index, unfinished(cluster, probes) ?? 'finished too late');
}

/** Correct members of the last epoch that have a vote there and never used it. */
function silentVoters({ history, epochs, correctMembers }: Settling): MemberIndex[] {
  const newest = history?.epochs.newest;
  if (newest === undefined || newest.epoch === 0) return [];
  return newest.indexesInOrder
    .filter((place) => newest.isVoter(place))
    .flatMap((place) => history?.nodeAt(newest.epoch, place) ?? [])
    .filter(
      (node) => correctMembers.some(({ index }) => index === node) && epochs?.hasVoted(node, newest.epoch) === false,
    );
}

/** What has not come to an end among the epochs. */
function unfinishedEpochs(cluster: Settling, states: readonly (ReplicaState | undefined)[]): string | undefined {
  const newest = cluster.history?.epochs.newest.epoch ?? 0;
  for (const [at, state] of states.entries()) {
    const name = `member ${String(cluster.correctMembers[at]?.index)}`;
    if (state !== undefined && state.epoch !== newest)
      return `${name} is in epoch ${String(state.epoch)} of ${String(newest)}, and has executed ${String(state.executed)}`;
    if (state !== undefined && state.boundary > 0)
      return `${name} waits for the end of epoch ${String(state.epoch)} at ${String(state.boundary)}`;
  }
  const [silent] = silentVoters(cluster);
  return silent === undefined ? undefined : `member ${String(silent)} has not voted in epoch ${String(newest)}`;
}

/** True once an envelope has its outcome, or has expired by log time without being ordered and waits no longer at its member. */
function isOver({ requests, agreement, members }: Settling, envelope: Envelope, member: MemberIndex): boolean {
  if (requests.hasOutcome(envelope)) return true;
  const expired = envelope.requests.every(({ expiresAt }) => expiresAt < agreement.logTime);
  return expired && members[member]?.engine?.progressOf(envelope.id) === undefined;
}

/** What is not finished; undefined when all is. */
export function unfinished(cluster: Settling, probes: readonly Envelope[] = []): string | undefined {
  const down = cluster.correctMembers.find((member) => !member.isUp);
  if (down !== undefined) return `member ${String(down.index)} is down`;
  const [owed] = cluster.admissions.open((envelope, member) => isOver(cluster, envelope, member));
  if (owed !== undefined)
    return `envelope ${owed.envelope.id}, admitted at member ${String(owed.member)}, has no outcome`;
  const waiting = probes.find((probe) => !cluster.requests.hasOutcome(probe) && !cluster.admissions.isReleased(probe));
  if (waiting !== undefined) return `probe ${waiting.id} has no outcome`;
  const states = cluster.correctMembers.map((member) => member.engine?.state());
  const open = unfinishedEpochs(cluster, states);
  if (open !== undefined) return open;
  const executed = states.map((state) => state?.executed ?? -1);
  if (executed.some((sequence) => sequence !== cluster.agreement.length)) {
    return `executed ${executed.join(', ')} of ${String(cluster.agreement.length)} (views ${states.map((state) => state?.view).join(', ')})`;
  }
  const head = cluster.agreement.headAt(cluster.agreement.length);
  return states.every((state) => state?.headDigest === head) ? undefined : 'head digests differ';
}
