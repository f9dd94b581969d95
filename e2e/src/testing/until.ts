import { setTimeout as pause } from 'node:timers/promises';

/** Asks again and again until `probe` gives something; an Error that names `what` when the deadline passes. */
export async function until<T>(what: string, deadlineMs: number, probe: () => Promise<T | undefined>): Promise<T> {
  const end = Date.now() + deadlineMs;
  let last: unknown;
  while (Date.now() < end) {
    try {
      const found = await probe();
      if (found !== undefined) return found;
    } catch (error) {
      last = error;
    }
    await pause(20);
  }
  throw new Error(`${what} did not happen within ${String(deadlineMs)} ms`, { cause: last });
}
