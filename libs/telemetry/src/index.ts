export { censor, CENSORED, isSecretName } from './censor';
export { ClosedCounter, ClosedGauge, type ClosedLabel } from './closed-counter';
export { createLogger, LOG_LEVELS, type LoggerOptions, type LogLevel } from './logger';
export {
  BUS_DROP_REASONS,
  createMetrics,
  DETECTION_KINDS,
  QUEUE_LANES,
  REQUEST_OUTCOMES,
  type BusDropReason,
  type MetricsOptions,
  type NodeMetrics,
  type QueueLane,
  type RequestOutcome,
} from './metrics';
