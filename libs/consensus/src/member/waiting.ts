import type { Digest } from '@concordat/protocol';
import { isExecuted } from '../ledger';
import type { Context } from './context';

/** The longest waiting envelope. One whose nonces were executed in another envelope waits for nothing, and is dropped. */
export function oldestWaiting({ pool, ledger }: Context): Digest | undefined {
  for (let oldest = pool.oldest(); oldest !== undefined; oldest = pool.oldest()) {
    const envelope = pool.get(oldest);
    if (envelope === undefined || !isExecuted(ledger, envelope)) return oldest;
    pool.remove(oldest);
  }
  return undefined;
}
