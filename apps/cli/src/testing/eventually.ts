import { setTimeout as pause } from 'node:timers/promises';

/** Waits until `condition` gives something; rejects after `timeoutMs` and names what did not happen. */
export async function eventually<T>(
  what: string,
  condition: () => T | undefined | Promise<T | undefined>,
  timeoutMs = 10_000,
): Promise<T> {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (value !== undefined) return value;
    if (performance.now() >= deadlineMs) throw new Error(`did not happen in ${timeoutMs} ms: ${what}`);
    await pause(5);
  }
}
