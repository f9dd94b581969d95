import { ErrorCode, type NatsConnection, type Status } from 'nats';
import { type BusFaultCode, type BusStatus } from './bus';

const PERMISSION: string = ErrorCode.PermissionsViolation;
const AUTHENTICATION: readonly string[] = [
  ErrorCode.AuthorizationViolation,
  ErrorCode.AuthenticationExpired,
  ErrorCode.AuthenticationTimeout,
  ErrorCode.AccountExpired,
  ErrorCode.BadAuthentication,
];

function faultCode(clientCode: string): BusFaultCode {
  if (clientCode === PERMISSION) return 'permission_denied';
  return AUTHENTICATION.includes(clientCode) ? 'authentication_failed' : 'protocol_error';
}

/** What a status event carries, as text. */
export const statusText = ({ data }: Status): string => (typeof data === 'string' ? data : JSON.stringify(data));

/** The client's status events carry a code only; the broker's words stay in a field that its types do not show. */
function brokerWords(connection: NatsConnection): string | undefined {
  const { protocol } = connection as { protocol?: { lastError?: unknown } };
  return protocol?.lastError instanceof Error ? protocol.lastError.message : undefined;
}

/** An error that the broker sent outside of any answer, as a BusStatus. */
export function faultOf(status: Status, connection: NatsConnection): BusStatus {
  const clientCode = statusText(status);
  const code = faultCode(clientCode);
  const context = status.permissionContext;
  if (context !== undefined) {
    const reason = `the broker refuses ${context.operation} of ${context.subject}`;
    return { kind: 'fault', code, reason, subject: context.subject };
  }
  return { kind: 'fault', code, reason: brokerWords(connection) ?? clientCode };
}
