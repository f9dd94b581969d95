import { InvariantError } from '@concordat/protocol';
import { type BusHandler } from './bus';
import { toError } from './deadline';

/** Who is told of a handler's exceptions; see NatsBusOptions. */
export interface GuardListeners {
  readonly onError?: ((error: Error, subject: string) => void) | undefined;
  readonly onFatal?: ((error: InvariantError) => void) | undefined;
}

/** Throws where no handler is on the stack, which ends a Node process. */
export function throwOutside(error: Error): void {
  process.nextTick(() => {
    throw error;
  });
}

/**
 * Keeps exceptions out of the client. nats.js 2.29 runs callbacks inside its read loop: one exception ends that loop with
 * a line on the console, and the connection stays up, deaf.
 */
export class HandlerGuard {
  private halted = false;

  constructor(private readonly listeners: GuardListeners) {}

  /** Runs one handler. After an InvariantError nothing is delivered any more: the process may not sign again. */
  run(handler: BusHandler, bytes: Uint8Array, subject: string): void {
    if (this.halted) return;
    try {
      handler(bytes, subject);
    } catch (thrown) {
      if (thrown instanceof InvariantError) this.halt(thrown);
      else this.report(toError(thrown), subject);
    }
  }

  /** Runs a listener that the owner gave; its exception is the owner's bug and is thrown outside. */
  notify(listener: () => void): void {
    try {
      listener();
    } catch (thrown) {
      throwOutside(toError(thrown));
    }
  }

  private report(error: Error, subject: string): void {
    this.notify(() => this.listeners.onError?.(error, subject));
  }

  private halt(error: InvariantError): void {
    this.halted = true;
    const { onFatal } = this.listeners;
    if (onFatal === undefined) throwOutside(error);
    else this.notify(() => onFatal(error));
  }
}
