import type { Digest, EngineName, MessageKind, Signed } from '@concordat/protocol';
import { othersOf, type Adversary, type AdversaryMaker } from '../adversary';
import { packetOf } from '../packet';
import { quickHash } from '../quick-hash';
import { mutationsOf } from './of-kind';
import type { Mutation, Seen } from './mutation';
import { bytesOf, playScene, type SceneResult } from './scene';

/** Whether a changed message is sent after the true one, or in its place. */
export type Placing = 'beside' | 'instead';

/** One run: which message of which member, in the order in which that member made them, and what was changed in it. */
export interface MutationRun {
  readonly member: number;
  readonly place: number;
  readonly kind: MessageKind;
  readonly mutation: string;
  readonly placing: Placing;
  /** True when some correct member's engine was given the changed message: it passed the checks at the door. */
  readonly passed: boolean;
  /** True when some correct member proved the sender a liar. */
  readonly proven: boolean;
  readonly result: SceneResult;
}

/** A member's message in the recorded run, with what had been seen when it was sent. */
interface Recorded {
  readonly message: Signed;
  readonly seen: Seen;
}

/** Records what one member sends in the scene when it does nothing wrong. */
export function recordScene(
  engine: EngineName,
  member: number,
  tolerated: readonly string[] = [],
): { readonly recorded: readonly Recorded[]; readonly result: SceneResult } {
  const recorded: Recorded[] = [];
  const messages: Signed[] = [];
  const digests: Digest[] = [];
  const note = (message: Signed): void => {
    messages.push(message);
    const isProposal = message.kind === 'prePrepare' || message.kind === 'proposal';
    if (isProposal && !digests.includes(message.digest)) digests.push(message.digest);
  };
  const maker: AdversaryMaker = () => {
    const isNew = firstTime();
    return {
      divert: (message) => {
        if (message.sender === member && isNew(message)) {
          recorded.push({ message, seen: { digests: [...digests], messages: [...messages] } });
          note(message);
        }
        return [message];
      },
      observe: note,
    };
  };
  return { result: playScene(engine, member, maker, tolerated), recorded };
}

/** Changes one message of one member. */
class Mutator implements Adversary {
  private readonly isNew = firstTime();
  private count = 0;
  private target: Signed | undefined;
  changed: Signed | undefined;

  constructor(
    private readonly tools: Parameters<AdversaryMaker>[0],
    private readonly place: number,
    private readonly mutation: Mutation,
    private readonly placing: Placing,
  ) {}

  divert(message: Signed): readonly Signed[] {
    if (message.sender !== this.tools.self) return [message];
    if (this.isNew(message) && this.count++ === this.place) {
      this.target = message;
      this.changed = this.mutation.make(this.tools.sealer);
      // What is sent to one member only is sent to all when it is changed: more of them may be deceived.
      if (this.placing === 'beside')
        for (const to of othersOf(this.tools)) this.tools.transmit(to, packetOf(this.changed));
    }
    const isTarget = this.target?.kind === message.kind && this.target.digest === message.digest;
    return isTarget && this.placing === 'instead' && this.changed !== undefined ? [this.changed] : [message];
  }
}

/** True for a message the first time that it is asked. A message that is sent again is not a new one. */
function firstTime(): (message: Signed) => boolean {
  const known = new Set<string>();
  return ({ kind, view, sequence, digest }) => {
    const key = `${kind} ${String(view)} ${String(sequence)} ${digest}`;
    if (known.has(key)) return false;
    known.add(key);
    return true;
  };
}

/** What a sweep is over. */
export interface MutationSweep {
  readonly engine: EngineName;
  /** Whose messages are changed. */
  readonly members: readonly number[];
  /** Messages of one kind and one member that are changed, the first ones; the rest are alike. */
  readonly ofKindMax: number;
  /** Which changes are made; all when it is not said. */
  readonly isWanted?: (kind: MessageKind, mutation: string) => boolean;
  /** Rules that may be broken: a canary looks for another one. */
  readonly tolerated?: readonly string[];
}

/** Plays the scene twice for every change of every message: with the changed one beside the true one, and in its place. */
export function* sweepMutations({
  engine,
  members,
  ofKindMax,
  isWanted,
  tolerated,
}: MutationSweep): Generator<MutationRun> {
  for (const member of members) {
    const ofKind = new Map<MessageKind, number>();
    for (const [place, { message, seen }] of recordScene(engine, member, tolerated).recorded.entries()) {
      const count = (ofKind.get(message.kind) ?? 0) + 1;
      ofKind.set(message.kind, count);
      if (count > ofKindMax) continue;
      for (const mutation of mutationsOf(message, seen, quickHash, CHECKPOINT_INTERVAL)) {
        if (isWanted?.(message.kind, mutation.name) === false) continue;
        for (const placing of ['beside', 'instead'] as const)
          yield runMutation(engine, member, place, message.kind, mutation, placing, tolerated);
      }
    }
  }
}

/** Of the scene's table. */
const CHECKPOINT_INTERVAL = 2;

function runMutation(
  engine: EngineName,
  member: number,
  place: number,
  kind: MessageKind,
  mutation: Mutation,
  placing: Placing,
  tolerated: readonly string[] | undefined,
): MutationRun {
  let mutator: Mutator | undefined;
  const result = playScene(
    engine,
    member,
    (tools) => (mutator = new Mutator(tools, place, mutation, placing)),
    tolerated,
  );
  const passed = mutator?.changed !== undefined && result.taken.has(bytesOf(mutator.changed));
  const proven = result.proofs.some(({ evidence }) => evidence.accused === member);
  return { member, place, kind, mutation: mutation.name, placing, passed, proven, result };
}
