/** The first connection could not be made. `cause` is the last attempt's error. */
export class BusConnectError extends Error {
  override readonly name = 'BusConnectError';
}

/** There is no connection now; the bus is trying to get one. */
export class BusUnavailableError extends Error {
  override readonly name = 'BusUnavailableError';
}

/** The bus was closed. */
export class BusClosedError extends Error {
  override readonly name = 'BusClosedError';
}

/** Text that cannot be a subject. It would change the meaning of the line that goes to the broker. */
export class InvalidSubjectError extends Error {
  override readonly name = 'InvalidSubjectError';
}

/** More bytes than the broker carries. Nothing was sent. */
export class PayloadTooLargeError extends Error {
  override readonly name = 'PayloadTooLargeError';

  constructor(
    readonly bytes: number,
    readonly bytesMax: number,
  ) {
    super(`payload of ${bytes} bytes is above the broker's limit of ${bytesMax}`);
  }
}

/** Why a request has no answer. */
export type RequestFailure = 'timeout' | 'no_responders' | 'unavailable' | 'permission_denied' | 'failed';

/** A request without an answer. */
export class BusRequestError extends Error {
  override readonly name = 'BusRequestError';

  constructor(
    readonly code: RequestFailure,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
