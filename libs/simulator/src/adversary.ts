import type { ReplicaConfig } from '@concordat/consensus';
import type { Committee, Hash, MemberIndex, Sealer, Signed, Verified } from '@concordat/protocol';
import type { Packet } from './packet';
import type { Random } from './random';

/** What a Byzantine member does differently. Around it runs the production engine, so that it knows what to lie about. */
export interface Adversary {
  /** What `to` gets in place of a message that an honest member would send; the message itself, others, or none. */
  divert(message: Signed, to: MemberIndex): readonly Signed[];
  /** A message arrives. */
  observe?(message: Verified): void;
  /** Called every `ADVERSARY_INTERVAL_MS`. */
  act?(): void;
}

/** Virtual time between two acts of an adversary. */
export const ADVERSARY_INTERVAL_MS = 40;

/** What an adversary may use: its own key, and the wire. Nobody else's key is within its reach. */
export interface AdversaryTools {
  readonly self: MemberIndex;
  readonly committee: Committee;
  readonly hash: Hash;
  /** Signs as this member. */
  readonly sealer: Sealer;
  readonly random: Random;
  /** Settings of the members around it: how long they wait for it. */
  readonly config: ReplicaConfig;
  /** Sends bytes to a member. */
  readonly transmit: (to: MemberIndex, packet: Packet) => void;
}

/** Makes an adversary. */
export type AdversaryMaker = (tools: AdversaryTools) => Adversary;

/** Everyone but this member. */
export const othersOf = ({ committee, self }: AdversaryTools): MemberIndex[] =>
  committee.indexesInOrder.filter((index) => index !== self);
