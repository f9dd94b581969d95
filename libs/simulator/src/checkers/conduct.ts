import type { Evidence, ReplicaConfig, ReplicaState } from '@concordat/consensus';
import {
  contradict,
  type Committee,
  type EngineName,
  type Epoch,
  type MemberIndex,
  type StatementVerifier,
} from '@concordat/protocol';
import type { EpochHistory } from '../epoch-history';
import type { Blame, Checker, Seat } from '../watch';

/** The epoch in which the accused said it. */
const epochOf = (evidence: Evidence): Epoch =>
  evidence.kind === 'equivocation' ? evidence.first.statement.epoch : evidence.newView.epoch;

/** Beyond the window: blocks of failed views that HotStuff may need again, on branches and without a place yet. */
const BRANCHES_MAX: Readonly<Record<EngineName, number>> = { pbft: 0, hotstuff: 128 };

/** Proofs are sound and hit liars only; memory stays within its bounds; views never go back. */
export class ConductChecker implements Checker {
  private readonly views = new Map<MemberIndex, number>();
  private readonly committees = new Map<MemberIndex, Committee>();
  /** Nodes against whom some correct member had a proof, with the newest one. */
  readonly proofs = new Map<MemberIndex, Evidence>();

  constructor(
    private readonly blame: Blame,
    private readonly isCorrect: (member: MemberIndex) => boolean,
    private readonly verify: StatementVerifier,
    private readonly history: EpochHistory,
    private readonly limits?: Pick<ReplicaConfig, 'poolEnvelopesMax' | 'poolBytesMax'>,
  ) {}

  accused(member: MemberIndex, evidence: Evidence): void {
    const { accused } = evidence;
    const node = this.history.nodeAt(epochOf(evidence), accused);
    if (node !== undefined) this.proofs.set(node, evidence);
    if (node === undefined || this.isCorrect(node))
      this.blame('framing', member, `accuses member ${String(accused)}, which is correct`);
    if (evidence.kind === 'equivocation' && !this.proves(evidence)) {
      this.blame('evidence', member, `its proof against member ${String(accused)} proves nothing`);
    }
  }

  /** Nodes against whom some correct member had a proof. */
  get accusedMembers(): ReadonlySet<MemberIndex> {
    return new Set(this.proofs.keys());
  }

  began(member: MemberIndex, { committee }: Seat): void {
    this.views.delete(member);
    this.committees.set(member, committee);
  }

  inspected(member: MemberIndex, state: ReplicaState): void {
    const { windowSize, members, engine } = (this.committees.get(member) ?? this.history.epochs.newest).table;
    if (state.slots > 3 * windowSize + BRANCHES_MAX[engine]) {
      this.blame('bounds', member, `${String(state.slots)} slots with a window of ${String(windowSize)}`);
    }
    this.checkPool(member, state);
    if (state.peers.length > members.length)
      this.blame('bounds', member, `remembers ${String(state.peers.length)} peers`);
    if (state.promisedView < state.view) {
      this.blame('views', member, `is in view ${String(state.view)} and promised only ${String(state.promisedView)}`);
    }
    const before = this.views.get(member) ?? 0;
    if (state.promisedView < before) {
      this.blame('views', member, `promised view ${String(before)} before, now ${String(state.promisedView)}`);
    }
    this.views.set(member, state.promisedView);
  }

  private checkPool(member: MemberIndex, { poolEnvelopes, poolBytes }: ReplicaState): void {
    if (this.limits === undefined) return;
    const { poolEnvelopesMax, poolBytesMax } = this.limits;
    if (poolEnvelopes > poolEnvelopesMax || poolBytes > poolBytesMax)
      this.blame('bounds', member, `${String(poolEnvelopes)} envelopes of ${String(poolBytes)} bytes in its pool`);
  }

  private proves({ accused, first, second }: Extract<Evidence, { kind: 'equivocation' }>): boolean {
    const [a, b] = [first.statement, second.statement];
    return (
      contradict(a, b) && a.sender === accused && this.verify(a, first.signature) && this.verify(b, second.signature)
    );
  }
}
