import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '../errors';
import { HttpApi } from '../http-api';

const STEP_MS = 100;
const PROBE_TIMEOUT_MS = 2_000;

/** A member and where it listens. */
export interface MemberAddress {
  readonly nodeId: string;
  readonly url: string;
}

/** A member that was not healthy in time, and what it said last. */
export interface Laggard {
  readonly nodeId: string;
  readonly reason: string;
}

/**
 * Waits until all members answer that they are healthy. Resolves with those that did not within `timeoutMs`, and at once
 * when `signal` aborts.
 */
export async function waitUntilHealthy(
  members: readonly MemberAddress[],
  options: { readonly timeoutMs: number; readonly signal: AbortSignal; readonly onHealthy: (count: number) => void },
): Promise<Laggard[]> {
  const deadlineMs = performance.now() + options.timeoutMs;
  let healthy = 0;
  const waitFor = async ({ nodeId, url }: MemberAddress): Promise<Laggard | undefined> => {
    const api = new HttpApi(url);
    let reason = '';
    while (performance.now() < deadlineMs && !options.signal.aborted) {
      try {
        const { ready, status } = await api.health(PROBE_TIMEOUT_MS);
        if (ready) {
          healthy += 1;
          options.onHealthy(healthy);
          return undefined;
        }
        reason = `it says that it is ${status}`;
      } catch (thrown) {
        reason = messageOf(thrown);
      }
      await pause(STEP_MS, undefined, { signal: options.signal }).catch(() => undefined);
    }
    return { nodeId, reason };
  };
  const outcomes = await Promise.all(members.map(waitFor));
  return outcomes.filter((outcome) => outcome !== undefined);
}
