/** Settles as `promise` does, or rejects with `expired()` after `timeoutMs`. Leaves no timer behind. */
export function withDeadline<T>(promise: Promise<T>, timeoutMs: number, expired: () => Error): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => reject(expired()), timeoutMs);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** Waits for `promise`, whatever becomes of it, but not longer than `timeoutMs`. False when time ran out. */
export async function settledWithin(promise: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  const expired = new Error('deadline');
  return withDeadline(promise, timeoutMs, () => expired).then(
    () => true,
    (error: unknown) => error !== expired,
  );
}

/** Resolves after `delayMs`. */
export const pause = (delayMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, delayMs));

/** Any thrown value as an Error. */
export const toError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)));
