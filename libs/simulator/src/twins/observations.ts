import type { CommittedBlock, Evidence } from '@concordat/consensus';
import {
  EVIDENCE_KINDS,
  type Digest,
  type MemberIndex,
  type MessageKind,
  type Signed,
  type View,
} from '@concordat/protocol';
import { wordOfText, type Trace } from '../trace';
import type { Checker } from '../watch';
import type { TwinSwarm } from './twin-swarm';

const PHASES: readonly MessageKind[] = ['prePrepare', 'prepare', 'commit'];
const PROPOSALS: readonly MessageKind[] = ['prePrepare', 'proposal'];
/** Kinds of which there is one in a view, whatever its sequence. */
const ONCE_PER_VIEW: readonly MessageKind[] = ['proposal', 'vote', 'timeout'];

/** What happened in a scenario. */
export interface TwinFigures {
  /** Highest view of an honest member when the rounds were over. */
  view: number;
  /** Sequences that honest members executed while the network was split in two, or its leaders' turns were over. */
  decidedInRounds: number;
  /** (view, sequence) for which honest members were sent two proposals. */
  conflictingProposals: number;
  /** Honest members that were sent two contents for one slot of one kind. */
  pairsReached: number;
  /** Of those the ones that hold a proof of that kind. */
  pairsProven: number;
}

/** Notes what honest members hear and do in one scenario, and demands a proof from each that heard both copies contradict each other. */
export class Observations implements Checker {
  readonly figures: TwinFigures = {
    view: 0,
    decidedInRounds: 0,
    conflictingProposals: 0,
    pairsReached: 0,
    pairsProven: 0,
  };
  private swarm: TwinSwarm | undefined;
  private inRounds = true;
  /** View that each honest member is in. */
  private readonly views = new Map<MemberIndex, View>();
  private readonly proposals = new Map<string, Set<Digest>>();
  /** First content heard, by "member kind view sequence", of the twin. */
  private readonly heard = new Map<string, Digest>();
  /** Highest view of the twin's, by "member kind". */
  private readonly highest = new Map<string, number>();
  /** "member kind" of contradictions that a member must have a proof of. */
  private readonly due = new Set<string>();
  private readonly proven = new Set<string>();

  /** `trace`: takes what honest members receive and execute, in order. */
  constructor(
    private readonly twin: number,
    private readonly trace?: Trace,
  ) {}

  /** The swarm to look at. */
  watch(swarm: TwinSwarm): void {
    this.swarm = swarm;
  }

  /** Highest view that an honest member is in. */
  highestView(): number {
    return Math.max(0, ...this.views.values());
  }

  private get atMs(): number {
    return this.swarm?.elapsedMs ?? 0;
  }

  received(member: MemberIndex, message: Signed): void {
    const { kind, view, sequence, digest } = message;
    this.trace?.note(this.atMs, member, kind, wordOfText(kind) ^ view, sequence, wordOfText(digest));
    if (message.sender !== this.twin || !EVIDENCE_KINDS.includes(message.kind)) return;
    const slot = ONCE_PER_VIEW.includes(message.kind) ? '' : String(message.sequence);
    const place = `${message.kind} ${String(message.view)} ${slot}`;
    if (PROPOSALS.includes(message.kind)) {
      const digests = this.proposals.get(place) ?? new Set();
      this.proposals.set(place, digests.add(message.digest));
    }
    if (this.isForgotten(member, message)) return;
    const key = `${String(member)} ${place}`;
    const first = this.heard.get(key);
    if (first === undefined) this.heard.set(key, message.digest);
    else if (first !== message.digest) this.due.add(`${String(member)} ${message.kind}`);
  }

  entered(member: MemberIndex, view: View): void {
    this.views.set(member, view);
  }

  /**
   * Memory is bounded (Spec §11): a member remembers phase votes of the view that it is in, and the VIEW-CHANGE and the
   * NEW-VIEW of the highest view.
   */
  private isForgotten(member: MemberIndex, { kind, view }: Signed): boolean {
    if (PHASES.includes(kind)) return (this.views.get(member) ?? 0) !== view;
    const key = `${String(member)} ${kind}`;
    const highest = this.highest.get(key) ?? 0;
    if (view > highest) this.highest.set(key, view);
    return view < highest;
  }

  executed(member: MemberIndex, block: CommittedBlock): void {
    this.trace?.note(this.atMs, member, 'executes', 0, block.sequence, wordOfText(block.headDigest));
    if (this.inRounds) this.figures.decidedInRounds = Math.max(this.figures.decidedInRounds, block.sequence);
  }

  accused(member: MemberIndex, evidence: Evidence): void {
    const kind = evidence.kind === 'equivocation' ? evidence.first.statement.kind : evidence.kind;
    this.proven.add(`${String(member)} ${kind}`);
  }

  /** The rounds are over. */
  endOfRounds(): void {
    this.inRounds = false;
    this.figures.view = this.highestView();
  }

  /** Everything is over. */
  end(): void {
    const { figures } = this;
    figures.conflictingProposals = [...this.proposals.values()].filter((digests) => digests.size > 1).length;
    figures.pairsReached = this.due.size;
    for (const key of this.due) {
      if (this.proven.has(key)) figures.pairsProven++;
      else this.swarm?.blame('unproven', Number(key.split(' ')[0]) as MemberIndex, key);
    }
  }
}
