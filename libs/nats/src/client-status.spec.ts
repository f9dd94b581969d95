import { Events, type NatsConnection } from 'nats';
import { faultOf } from './client-status';

const connection = (protocol?: unknown): NatsConnection => ({ protocol }) as unknown as NatsConnection;

describe('faultOf', () => {
  it.each([
    { data: 'AUTHORIZATION_VIOLATION', code: 'authentication_failed' },
    { data: 'AUTHENTICATION_EXPIRED', code: 'authentication_failed' },
    { data: 'AUTHENTICATION_TIMEOUT', code: 'authentication_failed' },
    { data: 'ACCOUNT_EXPIRED', code: 'authentication_failed' },
    { data: 'PERMISSIONS_VIOLATION', code: 'permission_denied' },
    { data: 'NATS_PROTOCOL_ERR', code: 'protocol_error' },
  ])('calls $data $code', ({ data, code }) => {
    expect(faultOf({ type: Events.Error, data }, connection())).toEqual({ kind: 'fault', code, reason: data });
  });

  it("passes on the broker's words where the client kept them", () => {
    const withWords = connection({ lastError: new Error("'Slow Consumer'") });
    expect(faultOf({ type: Events.Error, data: 'NATS_PROTOCOL_ERR' }, withWords)).toMatchObject({
      reason: "'Slow Consumer'",
    });
    const withNone = connection({ lastError: 'text' });
    expect(faultOf({ type: Events.Error, data: 'NATS_PROTOCOL_ERR' }, withNone)).toMatchObject({
      reason: 'NATS_PROTOCOL_ERR',
    });
  });
});
