import type { Envelope, MemberIndex } from '@concordat/protocol';
import type { Cluster } from './cluster';
import type { SimulatedMember } from './member';

/** A swarm that can be healed, and asked what is not finished. */
export interface Settling extends Pick<
  Cluster,
  'admissions' | 'agreement' | 'blame' | 'elapsedMs' | 'failed' | 'heal' | 'requests' | 'runUntil' | 'submit'
> {
  readonly options: { readonly settleMs: number };
  readonly members: readonly SettlingMember[];
  readonly correctMembers: readonly SettlingMember[];
}

type SettlingMember = Pick<SimulatedMember, 'index' | 'isUp' | 'engine'>;

/** Events between two looks at whether everything is finished. */
const LOOK_INTERVAL = 32;

/**
 * Heals everything and waits, in virtual time, until every correct member has executed the same and every envelope that
 * is owed an outcome has one. Each correct member is given one more envelope: a swarm that is merely silent would pass
 * otherwise. What is missing at the deadline is a violation.
 */
export function settle(cluster: Settling, probes: readonly Envelope[] = []): void {
  cluster.heal();
  cluster.correctMembers.forEach((member, index) => {
    const probe = probes[index];
    if (probe !== undefined) cluster.submit(member.index, probe, 1);
  });
  const deadline = cluster.elapsedMs + cluster.options.settleMs;
  const submitted = cluster.elapsedMs + 2;
  let looks = 0;
  const done = cluster.runUntil(deadline, () => {
    if (cluster.elapsedMs < submitted || looks++ % LOOK_INTERVAL !== 0) return false;
    return unfinished(cluster, probes) === undefined;
  });
  if (done || cluster.failed) return;
  const [first] = cluster.correctMembers;
  if (first !== undefined) cluster.blame('liveness', first.index, unfinished(cluster, probes) ?? 'finished too late');
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
  const waiting = probes.find((probe) => !cluster.requests.hasOutcome(probe));
  if (waiting !== undefined) return `probe ${waiting.id} has no outcome`;
  const states = cluster.correctMembers.map((member) => member.engine?.state());
  const executed = states.map((state) => state?.executed ?? -1);
  if (executed.some((sequence) => sequence !== cluster.agreement.length)) {
    return `executed ${executed.join(', ')} of ${String(cluster.agreement.length)} (views ${states.map((state) => state?.view).join(', ')})`;
  }
  const head = cluster.agreement.headAt(cluster.agreement.length);
  return states.every((state) => state?.headDigest === head) ? undefined : 'head digests differ';
}
