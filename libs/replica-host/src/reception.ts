import {
  checkMembership,
  decodeFrame,
  isRejection,
  type Committee,
  type MemberIndex,
  type WireLimits,
} from '@concordat/protocol';
import type { Inbox } from './inbox';
import type { ClockPort, HostObserver, Lane } from './ports';

/** What a reception judges by, and where it puts what passes. */
export interface ReceptionOptions {
  readonly committee: Committee;
  readonly self: MemberIndex;
  readonly limits: WireLimits;
  readonly clock: Pick<ClockPort, 'now'>;
  readonly observer: HostObserver;
  readonly inbox: Inbox;
}

/** The first look at bytes from the bus: only the frame's header, which costs no signature check. Lanes are bounded by it. */
export class Reception {
  constructor(private readonly options: ReceptionOptions) {}

  /** True when something waits in the inbox now. `via` as for ReplicaHost.receive. */
  take(bytes: Uint8Array, via: MemberIndex | undefined): boolean {
    const { committee, self, limits, clock, observer, inbox } = this.options;
    const frame = decodeFrame(bytes, limits);
    if (isRejection(frame)) {
      observer.rejected?.(frame, via);
      return false;
    }
    const { statement } = frame;
    // The bus may return what this member sent; the replica has it since it was durable.
    if (statement.sender === self) return false;
    observer.received?.(statement.kind, bytes.length);
    const refused = checkMembership(committee, statement);
    if (refused !== undefined) {
      observer.rejected?.(refused, statement.sender);
      return false;
    }
    const from = via !== undefined && committee.member(via) !== undefined ? via : statement.sender;
    const lane: Lane = statement.kind === 'requests' ? 'client' : 'consensus';
    const taken = inbox.pushFrame(lane, from, clock.now(), bytes);
    if (!taken) observer.overflowed?.(lane, from);
    return taken;
  }
}
