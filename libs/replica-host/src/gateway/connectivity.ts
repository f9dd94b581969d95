import type { PeerState } from '@concordat/consensus';
import type { Committee, MemberIndex } from '@concordat/protocol';

/** The way of messages from one member to another. */
export interface Link {
  readonly from: MemberIndex;
  readonly to: MemberIndex;
}

/** Members that reach each other, directly or over others. */
export interface MemberGroup {
  /** Ascending. */
  readonly members: readonly MemberIndex[];
  readonly weight: number;
}

/** Who reaches whom, as far as one member knows: by what it hears itself, and by what those whom it hears say of others. */
export interface Connectivity {
  /** Members that this one hears and that do not say to miss it, itself included, ascending. */
  readonly inReach: readonly MemberIndex[];
  /** Links over which nothing came for long. */
  readonly down: readonly Link[];
  /** Those of them whose other direction works. */
  readonly oneWay: readonly Link[];
  /** This member's own group first, then by weight. Members whom nobody here hears are in none. */
  readonly groups: readonly MemberGroup[];
  /** Members that are heard neither here nor by anybody who is heard here, ascending. */
  readonly silent: readonly MemberIndex[];
  /** Members of whom each reaches a quorum of them, ascending: they can decide together. Empty when nobody known can. */
  readonly able: readonly MemberIndex[];
  /** One more member may fail, whichever it is, and f are not exceeded, and the rest still decides. */
  readonly canLoseOneMore: boolean;
  /** True when those outside this member's group, and the silent ones, weigh a quorum if they reach each other. */
  readonly othersMayDecide: boolean;
}

/** What is known of one swarm at one moment. */
export interface ConnectivityInput {
  readonly committee: Committee;
  readonly self: MemberIndex;
  /** Members that are heard now, this one not among them. */
  readonly heard: readonly Pick<PeerState, 'member' | 'silent'>[];
  /** Members on whose votes nobody should count. */
  readonly proven: ReadonlySet<MemberIndex>;
}

const ascending = (members: Iterable<MemberIndex>): MemberIndex[] => [...members].sort((a, b) => a - b);

/** Builds the picture. Words of others are claims: they decide what people are shown, and nothing else. */
export function viewConnectivity({ committee, self, heard, proven }: ConnectivityInput): Connectivity {
  const voices = new Map(heard.map(({ member, silent }) => [member, new Set(silent)]));
  const unheard = committee.indexesInOrder.filter((member) => member !== self && !voices.has(member));
  if (committee.member(self) !== undefined) voices.set(self, new Set(unheard));
  const down: Link[] = [];
  for (const [to, silent] of voices) for (const from of ascending(silent)) if (from !== to) down.push({ from, to });
  const isDown = ({ from, to }: Link): boolean => voices.get(to)?.has(from) === true;
  const everyone = [...voices.keys()];
  const silent = unheard.filter((member) => everyone.every((by) => by === member || isDown({ from: member, to: by })));
  const known = committee.indexesInOrder.filter((member) => !silent.includes(member));
  const apart = brokenPairs(down);
  const groups = groupsOf(known, apart).map((members) => ({ members, weight: committee.weightOf(members) }));
  const own = groups.find(({ members }) => members.includes(self));
  const outside = committee.indexesInOrder.filter((member) => own?.members.includes(member) !== true);
  const able = ableTogether(
    committee,
    known.filter((member) => !proven.has(member)),
    apart,
  );
  const without = (lost: MemberIndex): MemberIndex[] =>
    ableTogether(
      committee,
      able.filter((member) => member !== lost),
      apart,
    );
  return {
    inReach: ascending(
      [self, ...heard.map(({ member }) => member)].filter((member) => voices.get(member)?.has(self) !== true),
    ),
    down,
    oneWay: down.filter(({ from, to }) => voices.has(from) && !isDown({ from: to, to: from })),
    groups: groups.sort((a, b) => Number(b === own) - Number(a === own) || b.weight - a.weight),
    silent,
    able,
    canLoseOneMore: committee.n - able.length < committee.f && able.every((member) => without(member).length > 0),
    othersMayDecide: committee.isQuorum(outside),
  };
}

/** Members between whom at least one direction is down, both ways round. */
function brokenPairs(down: readonly Link[]): ReadonlyMap<MemberIndex, ReadonlySet<MemberIndex>> {
  const apart = new Map<MemberIndex, Set<MemberIndex>>();
  const note = (one: MemberIndex, other: MemberIndex): void => {
    const others = apart.get(one) ?? new Set();
    apart.set(one, others.add(other));
  };
  for (const { from, to } of down) {
    note(from, to);
    note(to, from);
  }
  return apart;
}

/** Connected parts of the graph in which whoever is not apart is linked. */
function groupsOf(
  members: readonly MemberIndex[],
  apart: ReadonlyMap<MemberIndex, ReadonlySet<MemberIndex>>,
): MemberIndex[][] {
  const left = new Set(members);
  const groups: MemberIndex[][] = [];
  for (const first of members) {
    if (!left.delete(first)) continue;
    const group = [first];
    for (const member of group) {
      for (const other of left) {
        if (apart.get(member)?.has(other) === true) continue;
        left.delete(other);
        group.push(other);
      }
    }
    groups.push(ascending(group));
  }
  return groups;
}

/** The greatest set in which everybody reaches a quorum of the set: whoever does not is dropped until nobody is. */
function ableTogether(
  committee: Committee,
  members: readonly MemberIndex[],
  apart: ReadonlyMap<MemberIndex, ReadonlySet<MemberIndex>>,
): MemberIndex[] {
  let able = members;
  for (;;) {
    const within = new Set(able);
    const weight = committee.weightOf(within);
    const reach = (member: MemberIndex): number =>
      weight - committee.weightOf([...(apart.get(member) ?? [])].filter((other) => within.has(other)));
    const next = able.filter((member) => reach(member) >= committee.quorumWeight);
    if (next.length === able.length) return ascending(able);
    able = next;
  }
}
