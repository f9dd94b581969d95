import { checkEpochTable, type EngineName, type EpochTable, type Member } from './epoch-table';
import { epochTableHash } from './epoch-table-codec';
import type { Hash } from './hash';
import { OBSERVER, type Digest, type Epoch, type MemberIndex, type NodeId, type View } from './ids';
import { leaderSchedule } from './leader-schedule';
import { quorumByCount, quorumByWeight } from './quorum';

/**
 * Views that a leader has in a row. With one each and one crashed member of four, no three blocks of HotStuff ever stand in
 * consecutive views with certificates: the crashed one always has to form the third (Spec §4).
 */
const VIEWS_PER_LEADER: Readonly<Record<EngineName, number>> = { pbft: 1, hotstuff: 2 };

/** A checked epoch table with the arithmetic that everybody needs. Immutable. */
export class Committee {
  readonly n: number;
  readonly f: number;
  /** Least weight of a quorum. With equal weights: floor((n + f) / 2) + 1 members. */
  readonly quorumWeight: number;
  readonly hash: Digest;
  private readonly indexes = new Map<string, MemberIndex>();
  private readonly schedule: readonly MemberIndex[];

  /** Throws an EpochTableError for a table that checkEpochTable refuses. */
  constructor(
    readonly table: EpochTable,
    hash: Hash,
  ) {
    checkEpochTable(table);
    this.n = table.members.length;
    this.f = table.f;
    const weights = table.members.map((member) => member.weight);
    this.quorumWeight = table.weightedVoting ? quorumByWeight(weights, this.f) : quorumByCount(this.n, this.f);
    this.hash = epochTableHash(hash, table);
    table.members.forEach((member, index) => this.indexes.set(member.nodeId, index as MemberIndex));
    this.schedule = leaderSchedule(table);
  }

  get epoch(): Epoch {
    return this.table.epoch;
  }

  /** The member at `index`, or undefined for an index outside the table. */
  member(index: MemberIndex): Member | undefined {
    return this.table.members[index];
  }

  /** The member's place, or undefined for a node that is no member. */
  indexOf(node: string): MemberIndex | undefined {
    return this.indexes.get(node);
  }

  /** All indexes in table order. */
  get indexesInOrder(): readonly MemberIndex[] {
    return this.table.members.map((_, index) => index as MemberIndex);
  }

  /** The schedule of the epoch, over and over (Spec §5). An isolated member never leads. */
  leaderOf(view: View): MemberIndex {
    const turn = Math.floor(view / VIEWS_PER_LEADER[this.table.engine]);
    return this.schedule[turn % this.schedule.length] as MemberIndex;
  }

  /** True for a member whose signatures count: in the table, and not isolated. */
  isVoter(member: MemberIndex): boolean {
    return this.table.members[member]?.isolated === false;
  }

  /** Weight of distinct members; who is isolated or outside the table weighs nothing. */
  weightOf(members: Iterable<MemberIndex>): number {
    let weight = 0;
    for (const member of new Set(members)) if (this.isVoter(member)) weight += this.table.members[member]?.weight ?? 0;
    return weight;
  }

  /** True when the distinct members weigh a quorum. */
  isQuorum(members: Iterable<MemberIndex>): boolean {
    return this.weightOf(members) >= this.quorumWeight;
  }

  /** True for f + 1 distinct members: at least one of them is honest. Counts members even where votes are weighted (Spec §2). */
  hasHonest(members: Iterable<MemberIndex>): boolean {
    const distinct = new Set<MemberIndex>();
    for (const member of members) if (this.isVoter(member)) distinct.add(member);
    return distinct.size > this.f;
  }
}

/**
 * The place of a node in an epoch: a name without the key that the table has for it is nobody's. `has`: whether the node has
 * the secret of a public key.
 */
export function placeIn(committee: Committee, node: NodeId, has: (publicKey: Uint8Array) => boolean): MemberIndex {
  const index = committee.indexOf(node);
  const named = index === undefined ? undefined : committee.member(index)?.publicKey;
  return index !== undefined && named !== undefined && has(named) ? index : OBSERVER;
}
