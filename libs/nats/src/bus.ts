/**
 * Takes one message. Called synchronously, in the order of arrival, and must not block.
 *
 * `bytes` is a view into the chunk that the socket delivered: whoever keeps it keeps the whole chunk (up to 64 KiB), so
 * copy what must live on. An exception is reported and does not end the subscription.
 */
export type BusHandler = (bytes: Uint8Array, subject: string) => void;

/** What a subscriber may ask for. */
export interface SubscribeOptions {
  /** Members of one queue group share the messages: each message goes to one of them. */
  readonly queue?: string;
}

/** A running subscription. It outlives reconnects. */
export interface BusSubscription {
  readonly subject: string;
  /** Ends it at once. Ending it twice does nothing. */
  unsubscribe(): void;
}

/** Whether the bus can carry messages now. `closed` is final. */
export type BusState = 'connected' | 'disconnected' | 'closed';

/** What the broker complains about. */
export type BusFaultCode = 'permission_denied' | 'authentication_failed' | 'protocol_error';

/** Something that happened to the connection. */
export type BusStatus =
  | { readonly kind: 'connected'; readonly server: string; readonly reconnected: boolean }
  | { readonly kind: 'disconnected'; readonly server: string }
  | {
      readonly kind: 'fault';
      readonly code: BusFaultCode;
      /** The broker's words, or the client's code for them. */
      readonly reason: string;
      /** Subject of a refused publish or subscription. */
      readonly subject?: string;
    }
  | { readonly kind: 'lameDuck'; readonly server: string }
  | { readonly kind: 'closed'; readonly cause?: Error };

/** Counts since the bus was made. */
export interface BusStats {
  readonly sentMessages: number;
  readonly sentBytes: number;
  readonly receivedMessages: number;
  readonly receivedBytes: number;
  /** Publishes that were dropped because there was no connection. */
  readonly droppedDisconnected: number;
  /** Publishes that were dropped because the broker had not taken in what was sent before. */
  readonly droppedOverflow: number;
}

/** What a request may ask for. */
export interface RequestOptions {
  /** How long to wait for the answer, in milliseconds. */
  readonly timeoutMs: number;
}

/** The answer to a request. */
export interface BusReply {
  readonly bytes: Uint8Array;
  /** Set when the answering service reports an error in its headers (NATS services API). */
  readonly error?: { readonly status: number; readonly message: string };
}

/**
 * Carries bytes by subject, at most once: it may lose, and it may deliver late. What one publisher sends on one
 * connection arrives in the order of sending. Who needs more sends again (Spec §1).
 */
export interface Bus {
  /** Largest payload in bytes. */
  readonly maxPayloadBytes: number;
  /** Whether a publish can leave now. */
  status(): BusState;
  /** Counts for metrics. */
  stats(): BusStats;
  /**
   * Sends without waiting. Returns false when the message was dropped (no connection, or the outbound bound is reached).
   * The caller may not change `bytes` afterwards. Throws PayloadTooLargeError and InvalidSubjectError.
   */
  publish(subject: string, bytes: Uint8Array): boolean;
  /** Delivers every message of a subject, which may contain wildcards. Throws InvalidSubjectError and BusClosedError. */
  subscribe(subject: string, handler: BusHandler, options?: SubscribeOptions): BusSubscription;
  /** Asks one responder. Rejects with BusRequestError, PayloadTooLargeError or InvalidSubjectError. */
  request(subject: string, bytes: Uint8Array, options: RequestOptions): Promise<BusReply>;
  /** Resolves when the broker has processed all that was sent before. Rejects with BusUnavailableError. */
  flush(): Promise<void>;
  /** Delivers what has arrived, sends what was published, and ends. May be called twice. */
  close(): Promise<void>;
}
