import type { TimerId } from '@concordat/consensus';
import type { Authentic, MemberIndex, Verified } from '@concordat/protocol';
import type { Change, Fault } from './schedule';
import type { Packet } from './packet';

/** Something that will happen. Those of a member's process carry its life: they die with it. */
export type SimulatorEvent =
  | {
      readonly kind: 'deliver';
      readonly from: MemberIndex;
      readonly to: MemberIndex;
      readonly packet: Packet;
      /** Place among all packets of this link. */
      readonly number: number;
    }
  | { readonly kind: 'submit'; readonly to: MemberIndex; readonly envelope: Authentic }
  | { readonly kind: 'fault'; readonly fault: Fault }
  | { readonly kind: 'heal'; readonly fault: Fault }
  /** Somebody asks for a change of the members. */
  | { readonly kind: 'change'; readonly change: Change }
  | { readonly kind: 'restart'; readonly member: MemberIndex }
  | { readonly kind: 'resume'; readonly member: MemberIndex }
  | { readonly kind: 'adversary'; readonly member: MemberIndex }
  | ProcessEvent;

/** What a member's own process waits for, with the number of that process: an event of an ended life is stale. */
export type ProcessEvent = { readonly member: MemberIndex; readonly life: number } & (
  | { readonly kind: 'timer'; readonly timer: TimerId; readonly generation: number }
  | { readonly kind: 'drained' }
  | { readonly kind: 'synced' }
  /** Old decisions were dropped. */
  | { readonly kind: 'retained' }
  /** A vote that the member sealed returns to it. */
  | { readonly kind: 'own'; readonly message: Verified }
);
