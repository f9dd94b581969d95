import { InvalidSubjectError } from './bus-errors';

const PUBLISHABLE = /^[^\s.*>]+(?:\.[^\s.*>]+)*$/;
const SUBSCRIBABLE = /^(?:(?:\*|[^\s.*>]+)\.)*(?:>|\*|[^\s.*>]+)$/;

/** Throws an InvalidSubjectError unless `subject` names exactly one subject. The client itself checks nothing. */
export function assertPublishable(subject: string): void {
  if (!PUBLISHABLE.test(subject))
    throw new InvalidSubjectError(`not a subject: ${JSON.stringify(subject.slice(0, 120))}`);
}

/** Throws an InvalidSubjectError unless `subject` may be subscribed to: tokens, `*` for one of them, a last `>`. */
export function assertSubscribable(subject: string): void {
  if (!SUBSCRIBABLE.test(subject)) {
    throw new InvalidSubjectError(`not a subject to subscribe to: ${JSON.stringify(subject.slice(0, 120))}`);
  }
}
