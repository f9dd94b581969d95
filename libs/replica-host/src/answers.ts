import type { Rejection } from '@concordat/protocol';
import type { Answer } from './inbox';

/** Answers that clients wait for. Bounded by the inbox and the outbox, where their envelopes wait. */
export class Answers {
  private readonly failures = new Set<(error: Error) => void>();

  /** A promise, and what settles it. */
  open(): { readonly answer: Answer; readonly answered: Promise<Rejection | undefined> } {
    let answer: Answer = () => undefined;
    const answered = new Promise<Rejection | undefined>((resolve, fail) => {
      this.failures.add(fail);
      answer = (rejection) => {
        this.failures.delete(fail);
        resolve(rejection);
      };
    });
    return { answer, answered };
  }

  /** Rejects every promise that is not settled. */
  failAll(error: Error): void {
    for (const fail of this.failures) fail(error);
    this.failures.clear();
  }
}
