export {
  type Bus,
  type BusFaultCode,
  type BusHandler,
  type BusReply,
  type BusState,
  type BusStats,
  type BusStatus,
  type BusSubscription,
  type RequestOptions,
  type SubscribeOptions,
} from './bus';
export {
  BusClosedError,
  BusConnectError,
  BusRequestError,
  BusUnavailableError,
  InvalidSubjectError,
  PayloadTooLargeError,
  type RequestFailure,
} from './bus-errors';
export { type BusCredentials, type BusTls, type NatsBusOptions } from './bus-options';
export { connectBus } from './connect-bus';
export { NatsBus } from './nats-bus';
export { ApiError, errorReply, type ErrorBody, type ErrorReply } from './api-error';
export { NATS_SERVICE, NatsServiceStrategy, type NatsServiceOptions, type VerbExtras } from './nats-service-strategy';
export { ServiceContext } from './service-context';
export { type ServiceLogger } from './service-endpoint';
export { connectNatsService, ServiceErrorFilter } from './service-error-filter';
export { findNatsServer } from './find-nats-server';
export {
  NatsServerError,
  startNatsServer,
  type NatsServer,
  type NatsServerFailure,
  type NatsServerOptions,
} from './nats-server';
