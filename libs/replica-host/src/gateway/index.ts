export type { Connectivity, Link, MemberGroup } from './connectivity';
export { DecidedTotals } from './decided-totals';
export { packLimits, type PackLimits } from './envelope-packer';
export {
  Gateway,
  type AcceptedEnvelope,
  type AcceptedProposal,
  type GatewayLimits,
  type GatewayPorts,
  type Proposal,
} from './gateway';
export {
  cursorText,
  parseCursor,
  readHistory,
  type HistoryBounds,
  type HistoryCursor,
  type HistoryPage,
} from './history';
export {
  viewSwarm,
  type Health,
  type LivenessOptions,
  type MemberState,
  type MemberView,
  type SwarmView,
} from './liveness';
export {
  executedIn,
  ProposalLookup,
  proposerOf,
  settledRequest,
  statusOf,
  type ActiveRequest,
  type DecisionsView,
  type FinalStatus,
  type Found,
  type PrunedRequest,
  type RequestPlace,
  type SettledRequest,
} from './lookup';
export type { WhyInput } from './why/case';
export { whySettled, whyWaiting, type AwaitedMember, type AwaitedTimer, type Why } from './why/why';
export {
  Proposals,
  type ExecutedEnvelope,
  type ProposalsLimits,
  type SeenEnvelope,
  type Submission,
} from './proposals';
