import { soon, type Rule } from './rule';

/** Certified blocks above one, in consecutive views, that decide it, by the phase that it is in (Spec §4). */
const CERTIFICATES_NEEDED: Readonly<Record<string, number>> = { prepare: 3, 'pre-commit': 2, commit: 1 };

/** The leader of the next view, who alone counts the votes of this one, is not heard. */
const collectorSilent: Rule = (found) => {
  const { collector, leader, stage, isLinear } = found;
  const { self, swarm, state } = found.input;
  if (!isLinear || stage !== 'votes' || collector === undefined || !swarm.reachesQuorum) return undefined;
  if (collector.member === self || collector.member === leader?.member) return undefined;
  if (collector.inReach && collector.state !== 'unreachable') return undefined;
  const how = collector.state === 'unreachable' ? 'is not heard here' : 'does not hear this member';
  return {
    reason: `The votes of view ${String(state.view)} go to ${collector.nodeId}, which leads the next one and ${how}.`,
    help: [`Members give the view up, here ${soon(found)}, and those of ${collector.nodeId} after it.`],
  };
};

/** Its block is proposed: it takes certificates on top of each other, each of a view of its own. */
const blocksMissing: Rule = (found) => {
  const { collector, leader, stage, isLinear } = found;
  const { state, progress } = found.input;
  const needed = CERTIFICATES_NEEDED[progress.phase];
  if (!isLinear || stage !== 'votes' || found.counts || needed === undefined) return undefined;
  const lack = needed === 1 ? '1 certificate more decides' : `${String(needed)} certificates of views in a row decide`;
  const to = String(collector?.nodeId);
  return {
    reason: `Its block at sequence ${String(progress.sequence)} is in ${progress.phase.toUpperCase()}: ${lack} it.`,
    help: [
      `${String(leader?.nodeId)} proposes in view ${String(state.view)}, ${to} brings the certificate of the votes; or members give the view up, here ${soon(found)}.`,
    ],
  };
};

/** Views went by without a certificate. */
const viewsFailed: Rule = ({ isLinear, stage, input: { failedViews } }) =>
  isLinear && stage !== 'execution' && failedViews > 0
    ? {
        reason: `${failedViews === 1 ? '1 view has' : `${String(failedViews)} views have`} failed since the last decision: a quorum gave up waiting for a block, or for its certificate.`,
        help: ['Each view after a failed one lasts twice as long, up to a cap, until something is decided.'],
      }
    : undefined;

/** What holds a proposal up in HotStuff alone, the gravest first. */
export const LINEAR_RULES: readonly Rule[] = [collectorSilent, blocksMissing, viewsFailed];
