import type { Digest, MemberIndex, Millis } from '@concordat/protocol';

/** A VIEW-CHANGE is sent to a member that asks for it at most so often: it may be as large as a broker carries. */
const VIEW_CHANGE_INTERVAL_MS = 250;
/** Answers with VIEW-CHANGEs that are remembered. */
const VIEW_CHANGES_REMEMBERED = 4096;

/** When VIEW-CHANGEs were last sent to members that asked for them. */
export class ViewChangeAnswers {
  private readonly sentAt = new Map<string, Millis>();

  /** Whether that VIEW-CHANGE may be sent to the member now. */
  allow(member: MemberIndex, digest: Digest, at: Millis): boolean {
    const key = `${String(member)} ${digest}`;
    const last = this.sentAt.get(key);
    if (last !== undefined && at - last < VIEW_CHANGE_INTERVAL_MS) return false;
    // Behind all others: the first is the one sent longest ago.
    this.sentAt.delete(key);
    this.sentAt.set(key, at);
    const [oldest] = this.sentAt.keys();
    if (oldest !== undefined && this.sentAt.size > VIEW_CHANGES_REMEMBERED) this.sentAt.delete(oldest);
    return true;
  }
}
