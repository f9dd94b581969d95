import type { Replica } from '@concordat/consensus';
import { InvariantError, type Statement, type Verified, Epochs, portableHash } from '@concordat/protocol';
import type { HostConfig } from '../config';
import type { HaltReason } from '../halt';
import type { HostObserver } from '../ports';
import type { ReplicaHostOptions } from '../options';
import { ReplicaHost } from '../replica-host';
import { FakeClock, FakeDecisions, FakeLog, FakeNetwork, ScriptedReplica, type Journal } from './fake-ports';
import { COMMITTEE, messageOf, sealAs, SELF } from './messages';

/** A host between a scripted replica and ports that a test works by hand. */
export class Bench {
  readonly journal: Journal = [];
  readonly clock = new FakeClock();
  readonly log = new FakeLog(this.journal);
  readonly decisions = new FakeDecisions(this.journal);
  readonly network = new FakeNetwork(this.journal);
  readonly replica = new ScriptedReplica(this.journal);
  readonly halts: HaltReason[] = [];
  readonly rejections: string[] = [];
  readonly overflows: string[] = [];
  /** Called before a message is opened. */
  beforeOpen: (statement: Statement) => void = () => undefined;
  readonly host: ReplicaHost;

  constructor(config: Partial<HostConfig> = {}, options: Partial<ReplicaHostOptions> = {}) {
    const { journal, clock, log, decisions, network } = this;
    const unused = (): never => {
      throw new InvariantError('the host asks only for steps and the base');
    };
    const replica: Replica = {
      step: (event) => this.replica.step(event),
      base: () => this.replica.base(),
      admit: unused,
      state: unused,
      progressOf: unused,
      waitingEnvelope: unused,
      waiting: unused,
      evidence: unused,
    };
    const observer: HostObserver = {
      committed: ({ sequence }) => journal.push(`committed ${String(sequence)}`),
      viewEntered: (view, leader) => journal.push(`entered ${String(view)} led by ${String(leader)}`),
      viewLeft: (view, reason) => journal.push(`left ${String(view)}: ${reason}`),
      accused: ({ accused }) => journal.push(`accused ${String(accused)}`),
      rejected: ({ code }, sender) => this.rejections.push(`${code} of ${String(sender)}`),
      overflowed: (lane, sender) => this.overflows.push(`${lane} of ${String(sender)}`),
      installed: ({ from, sequence }) => journal.push(`installed ${String(from)}..${String(sequence)}`),
      stable: (sequence) => journal.push(`stable ${String(sequence)}`),
      halted: (reason) => {
        journal.push('halted');
        this.halts.push(reason);
      },
    };
    this.host = new ReplicaHost({
      replica,
      committee: COMMITTEE,
      epochs: new Epochs(portableHash, COMMITTEE.table),
      self: SELF,
      open: (bytes) => {
        const message = messageOf(bytes);
        this.beforeOpen(message);
        return message as Verified;
      },
      seal: (draft) => sealAs(draft),
      log,
      decisions,
      network,
      clock,
      observer,
      config: { turnMs: 1000, ...config },
      ...options,
    });
  }

  /** Starts, and forgets what the journal says of it. */
  started(): this {
    this.host.start();
    this.clock.turn();
    this.journal.length = 0;
    return this;
  }

  /** What the journal says since the last call. */
  take(): string[] {
    return this.journal.splice(0);
  }

  /** Runs turns and promises until nothing moves by itself. */
  async settle(): Promise<void> {
    do await promises();
    while (this.clock.turn());
  }
}

/** Lets every promise go as far as it gets: no chain here is longer. */
export async function promises(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}
