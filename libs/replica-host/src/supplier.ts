import type { Address } from '@concordat/consensus';
import type { Sequence } from '@concordat/protocol';
import { StoragePortError } from './halt';
import type { DecisionsPort, NetworkPort, SuppliedDecision } from './ports';

/** What a supplier needs. */
export interface SupplierOptions {
  readonly decisions: Pick<DecisionsPort, 'read'>;
  readonly network: Pick<NetworkPort, 'flush'>;
  readonly bytesPerMemberMax: number;
  readonly bytesMax: number;
  /** Seals and sends one decision; returns its bytes. */
  readonly send: (to: Address, decision: SuppliedDecision) => number;
  readonly onFailure: (error: unknown) => void;
}

interface Job {
  readonly to: Address;
  next: Sequence;
  through: Sequence;
}

/** Observers' names are only their word: all of them have one job. */
const OBSERVERS = Symbol('observers');
type Account = Address | typeof OBSERVERS;

/**
 * Sends decided sequences to members that lag (Spec §10), beside everything else: reading does not block, and after each
 * round it waits until the round has left the process, so that no more than the bounds is ever under way.
 *
 * One job per member, and one for all observers together: another one is not taken while it is served. Whoever asks again
 * while it is served is served on: what got lost it will ask for once more.
 */
export class Supplier {
  private readonly jobs = new Map<Account, Job>();
  private running = false;
  private reading: Promise<unknown> | undefined;
  private stopped = false;

  constructor(private readonly options: SupplierOptions) {}

  request(to: Address, from: Sequence, through: Sequence, isObserver = false): void {
    if (this.stopped) return;
    const account = isObserver ? OBSERVERS : to;
    const job = this.jobs.get(account);
    if (job !== undefined && job.to !== to) return;
    if (job === undefined) this.jobs.set(account, { to, next: from, through });
    else {
      job.next = Math.max(job.next, from) as Sequence;
      job.through = Math.max(job.through, through) as Sequence;
    }
    if (this.running) return;
    this.running = true;
    this.run().catch((error: unknown) => this.options.onFailure(error));
  }

  /** Resolves when nothing is being read. Never rejects. */
  async idle(): Promise<void> {
    await this.reading;
  }

  /** Sends nothing more. */
  stop(): void {
    this.stopped = true;
    this.jobs.clear();
  }

  private async run(): Promise<void> {
    while (this.jobs.size > 0) {
      await this.serveRound();
      try {
        await this.options.network.flush();
      } catch {
        // Nobody is reached now. Whoever still lacks something says so in its next STATUS.
        this.jobs.clear();
      }
    }
    this.running = false;
  }

  /** A part for each member in turn, as far as the bound for all of them reaches. */
  private async serveRound(): Promise<void> {
    let left = this.options.bytesMax;
    for (const [account, job] of [...this.jobs]) {
      if (left <= 0) return;
      left -= await this.servePart(account, job, Math.min(left, this.options.bytesPerMemberMax));
    }
  }

  private async servePart(account: Account, job: Job, bytesMax: number): Promise<number> {
    const decisions = await this.read(job.next, job.through, bytesMax);
    // Last in line from now on; gone when it is done or the host has stopped.
    this.jobs.delete(account);
    if (this.stopped) return 0;
    let bytes = 0;
    for (const decision of decisions) {
      if (bytes >= bytesMax) break;
      // It has asked for later ones while these were read.
      if (decision.sequence < job.next) continue;
      bytes += this.options.send(job.to, decision);
      job.next = (decision.sequence + 1) as Sequence;
    }
    if (decisions.length > 0 && job.next <= job.through) this.jobs.set(account, job);
    return bytes;
  }

  private async read(from: Sequence, through: Sequence, bytesMax: number): Promise<readonly SuppliedDecision[]> {
    try {
      const decisions = Promise.resolve(this.options.decisions.read(from, through, bytesMax));
      this.reading = decisions.catch(() => undefined);
      return await decisions;
    } catch (error) {
      throw new StoragePortError(error);
    } finally {
      this.reading = undefined;
    }
  }
}
