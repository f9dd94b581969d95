import {
  EVIDENCE_KINDS,
  type Committee,
  type Digest,
  type Epoch,
  type MemberIndex,
  type MessageKind,
  type Signed,
  type View,
} from '@concordat/protocol';
import type { Append } from '../disk';
import type { EpochHistory } from '../epoch-history';
import { statementText } from '../trace-text';
import type { Blame, Checker, Seat } from '../watch';

/** What one node has bound itself to in one epoch. Each has its own keys' table, and its views begin at 0. */
class Promises {
  /** Digest by (kind, view, sequence) of all that is durable, over all lives. */
  readonly durable = new Map<string, Digest>();
  /** The same for what was signed in this life and is not durable yet: a crash undoes it, for nobody has seen it. */
  readonly sealed = new Map<string, Digest>();
  durableView = 0;
  sealedView = 0;
}

const PHASES: readonly MessageKind[] = ['prePrepare', 'prepare', 'commit', 'proposal', 'vote'];
/** Kinds of which there is one in a view, whatever its sequence (Spec §4). */
const ONCE_PER_VIEW: readonly MessageKind[] = ['proposal', 'vote', 'timeout'];

/** Slots that a message fills: a NEW-VIEW fills one PRE-PREPARE for each of its entries too. */
function slotsOf(message: Signed): [key: string, digest: Digest][] {
  const { kind, view, sequence, digest } = message;
  const place = ONCE_PER_VIEW.includes(kind) ? String(view) : `${String(view)} ${String(sequence)}`;
  const slots: [string, Digest][] = [[`${kind} ${place}`, digest]];
  if (kind !== 'newView') return slots;
  for (const entry of message.entries)
    slots.push([`prePrepare ${String(view)} ${String(entry.sequence)}`, entry.digest]);
  return slots;
}

/** A vote in a view tells that its member has entered it: that binds as much as asking for it. A TIMEOUT ends the view. */
function promisedBy({ kind, view }: Signed): number {
  if (!EVIDENCE_KINDS.includes(kind)) return 0;
  return kind === 'timeout' ? view + 1 : view;
}

/**
 * No correct member contradicts itself, across crashes too (Spec §6): one content per slot, nothing below a promised
 * view, and nothing leaves before it is durable.
 */
export class PromisesChecker implements Checker {
  /** By node, then by epoch. */
  private readonly members = new Map<MemberIndex, Map<Epoch, Promises>>();
  private readonly committees = new Map<MemberIndex, Committee>();
  /** Messages that were durable when they left: what is durable once stays so. */
  private readonly cleared = new WeakSet<Signed>();

  constructor(
    private readonly blame: Blame,
    private readonly history: EpochHistory,
  ) {}

  began(member: MemberIndex, { committee }: Seat): void {
    this.committees.set(member, committee);
  }

  stopped(member: MemberIndex): void {
    for (const promises of this.members.get(member)?.values() ?? []) {
      promises.sealed.clear();
      promises.sealedView = promises.durableView;
    }
  }

  sealed(member: MemberIndex, message: Signed): void {
    const promises = this.of(member, message.epoch);
    for (const [key, digest] of slotsOf(message)) {
      const earlier = promises.durable.get(key) ?? promises.sealed.get(key);
      if (earlier !== undefined && earlier !== digest) {
        this.blame('one-vote', member, `signed ${statementText(message)}, but ${earlier} before in slot "${key}"`);
      }
      promises.sealed.set(key, digest);
    }
    const promised = Math.max(promises.durableView, promises.sealedView);
    if (PHASES.includes(message.kind) && message.view < promised) {
      this.blame(
        'promised-view',
        member,
        `signed ${statementText(message)} after it promised view ${String(promised)}`,
      );
    }
    promises.sealedView = Math.max(promises.sealedView, promisedBy(message));
  }

  durable(member: MemberIndex, appends: readonly Append[]): void {
    for (const { kept } of appends) {
      if (kept.kind === 'record' && kept.record.kind === 'newView') {
        const { epoch, view } = kept.record.message;
        const promises = this.of(member, epoch);
        promises.durableView = Math.max(promises.durableView, view);
      }
      if (kept.kind !== 'vote') continue;
      const promises = this.of(member, kept.message.epoch);
      for (const [key, digest] of slotsOf(kept.message)) promises.durable.set(key, digest);
      promises.durableView = Math.max(promises.durableView, promisedBy(kept.message));
    }
  }

  entered(member: MemberIndex, view: View): void {
    const committee = this.committees.get(member);
    const promises = this.of(member, committee?.epoch ?? (0 as Epoch));
    promises.sealedView = Math.max(promises.sealedView, view);
    // A view of HotStuff is entered by a certificate, which promises nothing: a restart may enter it again, or an older one.
    if (committee?.table.engine !== 'hotstuff') promises.durableView = Math.max(promises.durableView, view);
  }

  sent(member: MemberIndex, _to: MemberIndex, message: Signed): void {
    if (this.cleared.has(message) || !EVIDENCE_KINDS.includes(message.kind)) return;
    if (this.history.senderOf(message) !== member) return;
    const { durable } = this.of(member, message.epoch);
    if (slotsOf(message).every(([key, digest]) => durable.get(key) === digest)) this.cleared.add(message);
    else this.blame('durable-first', member, `sent ${statementText(message)} before it was durable`);
  }

  private of(member: MemberIndex, epoch: Epoch): Promises {
    const ofMember = this.members.get(member) ?? new Map<Epoch, Promises>();
    this.members.set(member, ofMember);
    const promises = ofMember.get(epoch) ?? new Promises();
    ofMember.set(epoch, promises);
    return promises;
  }
}
