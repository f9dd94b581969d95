import {
  committeeOf,
  decodeTransportFrame,
  isRejection,
  OBSERVER,
  type Committee,
  type Epochs,
  type MemberIndex,
  type Statement,
} from '@concordat/protocol';
import type { Inbox } from './inbox';
import type { ClockPort, HostObserver, Lane } from './ports';

/** What a reception judges by, and where it puts what passes. */
export interface ReceptionOptions {
  readonly committee: Committee;
  readonly epochs: Epochs;
  readonly self: MemberIndex;
  readonly clock: Pick<ClockPort, 'now'>;
  readonly observer: HostObserver;
  readonly inbox: Inbox;
}

/** The first look at bytes from the bus: only the frame's header, which costs no signature check. Lanes are bounded by it. */
export class Reception {
  constructor(private readonly options: ReceptionOptions) {}

  /** True when something waits in the inbox now. `via` as for ReplicaHost.receive. */
  take(bytes: Uint8Array, via: MemberIndex | undefined): boolean {
    const { committee, epochs, self, clock, observer, inbox } = this.options;
    const frame = decodeTransportFrame(bytes, epochs.limits);
    if (isRejection(frame)) {
      observer.rejected?.(frame, via);
      return false;
    }
    const { statement } = frame;
    // The bus may return what this member sent; the replica has it since it was durable.
    if (statement.sender === self && statement.epoch === committee.epoch) return false;
    observer.received?.(statement.kind, bytes.length);
    const judge = committeeOf(epochs, committee, statement);
    if (isRejection(judge)) {
      observer.rejected?.(judge, statement.sender);
      return false;
    }
    const from = via ?? this.claimed(statement);
    const lane: Lane = statement.kind === 'requests' ? 'client' : 'consensus';
    const taken = inbox.pushFrame(lane, from, clock.now(), bytes);
    if (!taken) observer.overflowed?.(lane, from);
    return taken;
  }

  /** Whom a message names as its sender, if that is a member here; all others share what strangers have. */
  private claimed({ epoch, sender }: Statement): MemberIndex {
    return epoch === this.options.committee.epoch ? sender : OBSERVER;
  }
}
