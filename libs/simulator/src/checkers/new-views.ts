import {
  NULL_DIGEST,
  type Digest,
  type MemberIndex,
  type NewView,
  type Signed,
  type Statement,
  type ViewChange,
} from '@concordat/protocol';
import type { Append } from '../disk';
import { baseOf, type EpochHistory } from '../epoch-history';
import { statementText } from '../trace-text';
import type { Blame, Checker } from '../watch';

/**
 * Recomputes, on its own, what a new view must start with (Spec §3), for every NEW-VIEW that a correct member enters: the
 * highest stable checkpoint, and above it the digest that was prepared in the highest view, or null.
 */
export class NewViewsChecker implements Checker {
  private readonly viewChanges = new Map<string, ViewChange>();
  private readonly checked = new Set<Digest>();

  constructor(
    private readonly blame: Blame,
    private readonly history: EpochHistory,
  ) {}

  sealed(_member: MemberIndex, message: Signed): void {
    this.note(message);
  }

  received(_member: MemberIndex, message: Signed): void {
    this.note(message);
  }

  durable(member: MemberIndex, appends: readonly Append[]): void {
    for (const { kept } of appends) {
      if (kept.kind !== 'record' || kept.record.kind !== 'newView') continue;
      const { message } = kept.record;
      if (this.checked.has(message.digest)) continue;
      this.checked.add(message.digest);
      const wrong = this.wrongIn(message);
      if (wrong !== undefined) this.blame('new-view', member, `entered ${statementText(message)}: ${wrong}`);
    }
  }

  private note(message: Signed): void {
    if (message.kind === 'viewChange') this.viewChanges.set(keyOf(message), message);
  }

  private wrongIn(message: NewView): string | undefined {
    const parts: ViewChange[] = [];
    for (const { sender, digest } of message.viewChanges) {
      const part = this.viewChanges.get(keyOf({ sender, digest, view: message.view, epoch: message.epoch }));
      if (part === undefined) return `nobody has sent the VIEW-CHANGE of ${String(sender)} that it names`;
      parts.push(part);
    }
    const low = Math.max(baseOf(this.history, message), ...parts.map((part) => part.stable?.sequence ?? 0));
    const prepared = parts.flatMap((part) => part.prepared).filter((certificate) => certificate.sequence > low);
    const high = Math.max(low, ...prepared.map((certificate) => certificate.sequence));
    if (message.entries.length !== high - low)
      return `${String(message.entries.length)} entries for ${String(low)} to ${String(high)}`;
    for (const [index, { sequence, digest }] of message.entries.entries()) {
      const here = prepared.filter((certificate) => certificate.sequence === sequence).sort((a, b) => b.view - a.view);
      const wanted = here[0]?.digest ?? NULL_DIGEST;
      if (sequence !== low + index + 1 || digest !== wanted)
        return `${digest} at ${String(sequence)}, where ${wanted} belongs`;
    }
    return undefined;
  }
}

const keyOf = ({ sender, digest, view, epoch }: Pick<Statement, 'sender' | 'digest' | 'view' | 'epoch'>): string =>
  `${String(epoch)} ${String(sender)} ${String(view)} ${digest}`;
