import { ErrorCode, type Msg, NatsError, ServiceErrorCodeHeader, ServiceErrorHeader } from 'nats';
import { type BusReply } from './bus';
import { BusRequestError, type RequestFailure } from './bus-errors';

/** The client's answer as the port shows it. */
export function replyOf(message: Msg): BusReply {
  const status = message.headers?.get(ServiceErrorCodeHeader) ?? '';
  if (status === '') return { bytes: message.data };
  const text = message.headers?.get(ServiceErrorHeader) ?? '';
  // A status that is no number is still an error, and not one that the caller could have avoided.
  return { bytes: message.data, error: { status: Number.parseInt(status, 10) || 500, message: text } };
}

const FAILURES: Readonly<Record<string, RequestFailure>> = {
  [ErrorCode.Timeout]: 'timeout',
  [ErrorCode.NoResponders]: 'no_responders',
  [ErrorCode.PermissionsViolation]: 'permission_denied',
  [ErrorCode.ConnectionClosed]: 'unavailable',
  [ErrorCode.ConnectionDraining]: 'unavailable',
  [ErrorCode.Disconnect]: 'unavailable',
};

const MESSAGES: Readonly<Record<RequestFailure, string>> = {
  timeout: 'no answer in time',
  no_responders: 'nobody answers there',
  permission_denied: 'the broker refuses it',
  unavailable: 'no connection',
  failed: 'failed',
};

/** The client's error as the port shows it. */
export function requestFailure(thrown: unknown, subject: string, timeoutMs: number): BusRequestError {
  const code = (thrown instanceof NatsError ? FAILURES[thrown.code] : undefined) ?? 'failed';
  return new BusRequestError(code, `request on ${subject} (${timeoutMs} ms): ${MESSAGES[code]}`, { cause: thrown });
}
