import { millis } from '@concordat/protocol';
import type { ClockPort } from './ports';

/** The process's own clock and event loop. */
export const systemClock: ClockPort = {
  now: () => millis(Date.now()),
  monotonicMs: () => performance.now(),
  setTimer(callback, delayMs) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  nextTurn(callback) {
    setImmediate(callback);
  },
};
