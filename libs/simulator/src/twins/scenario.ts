/** Members of the swarm. */
export const MEMBERS = 4;

/** The twin's second copy; the first one has its member's own number. */
export const SECOND_COPY = MEMBERS;

/**
 * Two sets of instances: bit i says on which side instance i is. Instance 0 is always on side 0, so that each way to split
 * has one number; 0 is no split at all.
 */
export type Partition = number;

/** Every partition of the four members and the second copy: 16. */
export const PARTITIONS: readonly Partition[] = Array.from({ length: 1 << MEMBERS }, (_, half) => half << 1);

/** Who has two copies, and how the network is split in each round. */
export interface TwinScenario {
  /** The member with two copies. Leaders take turns from member 0 on, so this is its place among them as well. */
  readonly twin: number;
  readonly rounds: readonly Partition[];
}

/** Side of an instance. */
export const sideOf = (partition: Partition, instance: number): number => (partition >> instance) & 1;

/** Every scenario with so many rounds over these partitions, in a fixed order: 4 * partitions^rounds. */
export function* allScenarios(rounds: number, partitions = PARTITIONS): Generator<TwinScenario> {
  for (let twin = 0; twin < MEMBERS; twin++) {
    for (const sequence of sequencesOf(rounds, partitions)) yield { twin, rounds: sequence };
  }
}

function* sequencesOf(rounds: number, partitions: readonly Partition[]): Generator<readonly Partition[]> {
  if (rounds === 0) yield [];
  else
    for (const before of sequencesOf(rounds - 1, partitions))
      for (const partition of partitions) yield [...before, partition];
}

/** True when the copies are on two sides in some round. If they never are, nobody behaves other than an honest member. */
export const isApart = ({ twin, rounds }: TwinScenario): boolean =>
  rounds.some((partition) => sideOf(partition, twin) !== sideOf(partition, SECOND_COPY));

/**
 * The copy on the side of the first honest member in the first round that parts them: the one whose messages are first
 * where both arrive at once. It depends on where the copies are, not on which of them is called the first.
 */
export function leadingCopy({ twin, rounds }: TwinScenario): number {
  const honest = twin === 0 ? 1 : 0;
  for (const partition of rounds) {
    const [first, second] = [sideOf(partition, twin), sideOf(partition, SECOND_COPY)];
    if (first !== second) return first === sideOf(partition, honest) ? twin : SECOND_COPY;
  }
  return twin;
}

/** The same scenario with the two copies in each other's place. */
export function mirrored({ twin, rounds }: TwinScenario): TwinScenario {
  return { twin, rounds: rounds.map((partition) => swapCopies(partition, twin)) };
}

function swapCopies(partition: Partition, twin: number): Partition {
  const [first, second] = [sideOf(partition, twin), sideOf(partition, SECOND_COPY)];
  if (first === second) return partition;
  const swapped = partition ^ (1 << twin) ^ (1 << SECOND_COPY);
  // Sides have no names: the one of instance 0 is 0.
  return sideOf(swapped, 0) === 0 ? swapped : swapped ^ ((1 << (MEMBERS + 1)) - 1);
}

/**
 * The scenarios that have to be run to have run all of them.
 *
 * The copies start alike, have one key, and are treated alike: exchange them everywhere, and the run is the same one with
 * two names exchanged. So one of each such pair is enough: the one whose leading copy is the first. Honest members are
 * not interchangeable: each leads in a round of its own. Scenarios that never part the copies are left out, for nobody
 * lies in them: both copies hear the same and say the same. What is left is (partitions^rounds - together^rounds) / 2 for
 * each place of the twin, with `together` partitions that have both copies on one side.
 */
export function* reducedScenarios(rounds: number, partitions = PARTITIONS): Generator<TwinScenario> {
  for (const scenario of allScenarios(rounds, partitions))
    if (isApart(scenario) && leadingCopy(scenario) === scenario.twin) yield scenario;
}
