import { build, type Histogram } from 'hdr-histogram-js';

/** A client that has one envelope in flight. */
export interface LoadClient {
  /** Sends one envelope and resolves with the number of its requests, once all are decided. Rejects with an Error. */
  send(): Promise<number>;
}

/** What one run of a load came to. */
export interface LoadResult {
  /** Requests that were acknowledged as decided within the run. */
  readonly decided: number;
  readonly elapsedMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Envelopes that were not decided, by reason. */
  readonly failures: Readonly<Record<string, number>>;
}

/** Clock and pauses of a run; tests give their own. */
export interface LoadClock {
  readonly nowMs: () => number;
  readonly pause: (ms: number) => Promise<unknown>;
}

/** A refused client waits so long before it tries again, as a well-behaved one would. */
const BACKOFF_MS = 20;
const MICROSECONDS = 1_000;
const LATENCY_MAX_MS = 120_000;

/**
 * Runs clients for `durationMs`: each sends its next envelope when the last one is decided. Resolves when the last answer is
 * in; what comes after the end does not count.
 */
export async function runClosedLoop(
  clients: readonly LoadClient[],
  durationMs: number,
  clock: LoadClock,
): Promise<LoadResult> {
  const histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: LATENCY_MAX_MS * MICROSECONDS,
    numberOfSignificantValueDigits: 3,
  });
  const failures: Record<string, number> = {};
  const endMs = clock.nowMs() + durationMs;
  let decided = 0;
  const loop = async (client: LoadClient): Promise<void> => {
    for (let startMs = clock.nowMs(); startMs < endMs; startMs = clock.nowMs()) {
      try {
        const count = await client.send();
        const nowMs = clock.nowMs();
        if (nowMs > endMs) return;
        decided += count;
        record(histogram, nowMs - startMs);
      } catch (thrown) {
        const reason = thrown instanceof Error ? thrown.message : String(thrown);
        failures[reason] = (failures[reason] ?? 0) + 1;
        await clock.pause(BACKOFF_MS);
      }
    }
  };
  await Promise.all(clients.map(loop));
  const at = (percentile: number): number => histogram.getValueAtPercentile(percentile) / MICROSECONDS;
  return { decided, elapsedMs: durationMs, p50Ms: at(50), p99Ms: at(99), failures };
}

const record = (histogram: Histogram, latencyMs: number): void =>
  histogram.recordValue(Math.max(1, Math.round(Math.min(latencyMs, LATENCY_MAX_MS) * MICROSECONDS)));
