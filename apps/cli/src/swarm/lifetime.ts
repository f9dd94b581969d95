/** How long a long-running command lives: until it is told to stop. */
export interface Lifetime {
  /** Aborts at the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** Called at one that comes IMPATIENCE_AFTER_MS or more after the first: somebody does not want to wait. */
  readonly onImpatience: (listener: () => void) => void;
  /** Listens no longer. */
  readonly end: () => void;
}

/** Where signals come from; a Node process is one. */
export interface SignalSource {
  on(event: NodeJS.Signals, listener: () => void): unknown;
  removeListener(event: NodeJS.Signals, listener: () => void): unknown;
}

/**
 * One Ctrl-C can arrive more than once: from the terminal, and from each parent (npm, a start script) that passes it on.
 * Milliseconds.
 */
export const IMPATIENCE_AFTER_MS = 1_500;
const STOP_SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM'];

/**
 * Turns the process's signals into a Lifetime. SIGHUP is ignored: a swarm goes on when its terminal is closed. (Node sets
 * the signal back to its default at start, so that `nohup` alone would not do.)
 */
export function processLifetime(source: SignalSource, nowMs = (): number => performance.now()): Lifetime {
  const controller = new AbortController();
  const impatient: (() => void)[] = [];
  let firstMs = 0;
  const onStop = (): void => {
    if (!controller.signal.aborted) {
      firstMs = nowMs();
      controller.abort();
    } else if (nowMs() - firstMs >= IMPATIENCE_AFTER_MS) {
      for (const listener of impatient) listener();
    }
  };
  const onHangUp = (): void => undefined;
  for (const signal of STOP_SIGNALS) source.on(signal, onStop);
  source.on('SIGHUP', onHangUp);
  return {
    signal: controller.signal,
    onImpatience: (listener) => void impatient.push(listener),
    end: () => {
      for (const signal of STOP_SIGNALS) source.removeListener(signal, onStop);
      source.removeListener('SIGHUP', onHangUp);
    },
  };
}

/** Resolves when the signal has aborted. */
export const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
