export { Cluster, START } from './cluster';
export { CALM, optionsOf } from './options';
export { quickHash } from './quick-hash';
export { Random } from './random';
export { resultOf, runSchedule, type ScheduleResult, type ScheduleStats } from './run-schedule';
export {
  STRATEGIES,
  STRATEGIES_OF,
  type CrashPoint,
  type Fault,
  type Liar,
  type NetworkRule,
  type ScheduleOptions,
  type Strategy,
} from './schedule';
export { shrinkSchedule } from './shrink';
export { settle } from './settle';
export { recordScene, sweepMutations, type MutationRun, type MutationSweep } from './mutations/sweep';
export { runTwins, type TwinResult } from './twins/run-twins';
export { sweepTwins, type TwinCounts } from './twins/sweep';
export type { TwinScenario } from './twins/scenario';
export type { Violation } from './verdict';
export type { Checker } from './watch';
export { Workload, type Submission } from './workload';
export { COUNTED_FAULTS, FaultCoverage, whyImpossible, type CountedFault } from './fault-coverage';
export { PROTOCOL_STEPS, STEPS_OF, type ProtocolStep } from './protocol-steps';
export { stubScheme, type Cryptography, type KeyScheme, type SimulatedKey } from './key-scheme';
export { runCanary, type CanaryResult } from './canary';
export {
  addSwept,
  cryptographyOf,
  nothingSwept,
  runSweep,
  type SweepFailure,
  type SweepFigures,
  type SweepResult,
} from './sweep';
export { fitPolynomial, type Fit } from './messages/fit';
export { MESSAGE_SIZES, measureMessages, messageFit, type MessageCost } from './messages/measure';
