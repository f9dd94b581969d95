import { type ReplicaState } from '@concordat/consensus';
import { type Millis } from '@concordat/protocol';
import { type LivenessOptions, type SwarmView, viewSwarm } from '@concordat/replica-host';

/** Age up to which an earlier look at the swarm is good enough: every request asks. */
const FRESH_MS = 25;

/** The swarm as this member sees it, looked at no more often than it can change. */
export class SwarmWatch {
  private seen: { readonly at: Millis; readonly view: SwarmView } | undefined;

  constructor(
    private readonly state: () => ReplicaState,
    private readonly now: () => Millis,
    private readonly options: LivenessOptions,
  ) {}

  /** At most FRESH_MS old. */
  get view(): SwarmView {
    const at = this.now();
    const age = this.seen === undefined ? undefined : at - this.seen.at;
    if (this.seen === undefined || age === undefined || age < 0 || age >= FRESH_MS)
      this.seen = { at, view: viewSwarm(this.state(), at, this.options) };
    return this.seen.view;
  }
}
