import { setTimeout as delay } from 'node:timers/promises';

/** Waits until `condition` holds; rejects after `timeoutMs` and names what did not happen. */
export async function eventually(what: string, condition: () => boolean, timeoutMs = 5_000): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() >= deadlineMs) throw new Error(`did not happen in ${timeoutMs} ms: ${what}`);
    await delay(2);
  }
}
