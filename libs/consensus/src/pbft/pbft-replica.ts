import {
  OBSERVER,
  reject,
  type Authentic,
  type Committee,
  type Digest,
  type Envelope,
  type Epochs,
  type Hash,
  type MemberIndex,
  type NodeId,
  type Rejection,
  type Sequence,
  type Signed,
  type Statement,
  type Verified,
  type View,
} from '@concordat/protocol';
import type { Judge } from '../judge';
import { Ledger } from '../ledger';
import { Pool } from '../pool';
import {
  NOTHING_RECOVERED,
  type DurableRecord,
  type Effect,
  type EnvelopeProgress,
  type Evidence,
  type Recovered,
  type Replica,
  type ReplicaConfig,
  type ReplicaEvent,
  type ReplicaState,
  type TimerId,
  type WaitingEnvelope,
} from '../replica';
import { Admission } from './admission';
import { Agreement } from './agreement';
import { CatchUp } from './catch-up';
import { Checkpoints } from './checkpoints';
import { Context } from './context';
import { Executor } from './executor';
import { Installer } from './installer';
import { Progress } from './progress';
import { phaseOf, progressOf } from './reports';
import { SnapshotFetch } from './snapshot-fetch';
import { Snapshots } from './snapshots';
import { restore, type RestoredParts } from './restoration';
import { outlivesEpoch, Succession } from './succession';
import { ViewChanges } from './view-changes';

/** What a PBFT member is made of. */
export interface PbftOptions {
  readonly swarmId: Digest;
  /** What is known of all epochs. The replica adds what it learns. */
  readonly epochs: Epochs;
  /** Of the epoch that it takes part in. */
  readonly committee: Committee;
  /** Its place there; OBSERVER for a node that is not in the table, or has not the key that the table names. */
  readonly self: MemberIndex;
  readonly nodeId: NodeId;
  readonly hash: Hash;
  readonly judge: Judge;
  readonly config: ReplicaConfig;
  /** What its data folder held; NOTHING_RECOVERED for a member that never ran. */
  readonly recovered?: Recovered;
  /** What waited in the pool of the replica before, when one goes on from another in the same process. */
  readonly waiting?: readonly WaitingEnvelope[];
}

/** A member that runs PBFT (Spec §3). */
export function createPbftReplica(options: PbftOptions): Replica {
  return new PbftReplica(options);
}

/** Joins the parts of the engine and hands each event to the one it concerns. Every rule lives in a part. */
class PbftReplica implements Replica, RestoredParts {
  readonly context: Context;
  readonly agreement: Agreement;
  readonly checkpoints: Checkpoints;
  private readonly progress: Progress;
  readonly viewChanges: ViewChanges;
  readonly executor: Executor;
  private readonly succession: Succession;
  readonly snapshots: Snapshots;
  private readonly snapshotFetch: SnapshotFetch;
  private readonly catchUp: CatchUp;
  private readonly admission: Admission;
  /** Slots up to here are stable and executed, and were dropped. */
  private dropped: Sequence;
  /** Stable checkpoint at the last event. */
  private adopted: Sequence;
  private halted = false;

  constructor(options: PbftOptions) {
    const { committee, self, epochs, nodeId, hash, config, recovered = NOTHING_RECOVERED, waiting = [] } = options;
    this.dropped = committee.table.baseSequence;
    this.adopted = committee.table.baseSequence;
    const pool = new Pool({
      envelopesMax: config.poolEnvelopesMax,
      bytesMax: config.poolBytesMax,
      members: committee.n,
    });
    const ledger = new Ledger(options);
    const context = new Context(committee, self, hash, config, pool, ledger, epochs, nodeId);
    this.context = context;
    this.agreement = new Agreement(context);
    this.snapshots = new Snapshots(context);
    this.checkpoints = new Checkpoints(context, this.snapshots);
    this.progress = new Progress(context);
    this.viewChanges = new ViewChanges(context, this.agreement, this.checkpoints, this.progress);
    this.executor = new Executor(context, this.agreement, this.checkpoints, this.progress);
    this.succession = new Succession(context, this.checkpoints, this.snapshots);
    const installer = new Installer(context, this.agreement, this.checkpoints, this.progress, this.succession);
    this.snapshotFetch = new SnapshotFetch(context, (certificate, state) => {
      if (installer.install(certificate, state)) this.catchUp.onInstalled(certificate.sequence);
    });
    this.catchUp = new CatchUp(
      context,
      this.agreement,
      this.viewChanges,
      this.succession,
      this.snapshots,
      this.snapshotFetch,
    );
    this.admission = new Admission(context, this.executor, this.catchUp);
    restore(this, recovered);
    this.succession.adoptEnd();
    for (const { envelope, origin } of waiting)
      this.admission.takeOver(envelope, committee.indexOf(origin) ?? context.self);
  }

  step(event: ReplicaEvent): readonly Effect[] {
    if (this.halted || this.succession.isOver) return [];
    this.context.at = event.at;
    switch (event.kind) {
      case 'start':
        this.start();
        break;
      case 'message':
        this.onMessage(event.message);
        break;
      case 'submit':
        this.admission.onSubmit(event.envelope);
        break;
      case 'retained':
        this.context.oldest = Math.max(this.context.oldest, event.oldest) as Sequence;
        break;
      case 'timer':
        this.onTimer(event.timer);
        break;
      case 'drained':
        this.agreement.propose();
        this.admission.onDrained();
        break;
    }
    this.settle();
    const effects = this.context.drain();
    this.halted = effects.some((effect) => effect.kind === 'halt');
    return effects;
  }

  admit(statement: Statement): Rejection | undefined {
    const { context } = this;
    switch (statement.kind) {
      case 'prePrepare':
      case 'prepare':
      case 'commit':
        return this.agreement.admit(statement);
      case 'viewChange':
      case 'newView':
        return this.viewChanges.admit(statement);
      case 'checkpoint':
        return statement.sequence <= context.stable ? reject('redundant', 'stable already') : undefined;
      case 'decided':
        return statement.sequence <= context.ledger.executed ? reject('redundant', 'executed already') : undefined;
      case 'snapshot':
      case 'chunk':
        return this.snapshotFetch.admit(statement);
      default:
        return undefined;
    }
  }

  state(): ReplicaState {
    const { context } = this;
    const { ledger, pool } = context;
    return {
      view: context.view,
      promisedView: context.promisedView,
      leader: context.leader,
      phase: phaseOf(context, this.agreement),
      executed: ledger.executed,
      stable: context.stable,
      headDigest: ledger.headDigest,
      logTime: ledger.logTime,
      totalDecided: ledger.totalDecided,
      epoch: context.committee.epoch,
      boundary: context.boundary,
      next: ledger.nextTable,
      votes: context.votes,
      poolEnvelopes: pool.size,
      poolBytes: pool.bytes,
      proven: context.provenMembers,
      slots: this.agreement.size,
      oldest: context.oldest,
      snapshot: this.snapshotFetch.progress(),
      peers: this.catchUp.heard(),
      timer: this.progress.clock,
      asking: this.viewChanges.heldFrom((context.view + 1) as View).map(({ sender }) => sender),
    };
  }

  waiting(): readonly WaitingEnvelope[] {
    const { pool, committee, nodeId, self } = this.context;
    const { next } = this.succession;
    // By the table that ends here, by which they were found authentic: the one just before the next may be another.
    return pool
      .all()
      .filter(({ envelope }) => next === undefined || outlivesEpoch(envelope, committee, next))
      .map(({ envelope, origin = self }) => ({ envelope, origin: committee.member(origin)?.nodeId ?? nodeId }));
  }

  waitingEnvelope(id: Digest): Envelope | undefined {
    return this.context.pool.get(id);
  }

  progressOf(id: Digest): EnvelopeProgress | undefined {
    return progressOf(this.context, this.agreement, id);
  }

  evidence(): readonly Evidence[] {
    return this.context.evidence;
  }

  base(): { records: DurableRecord[]; votes: Signed[] } {
    const { ownVotes, ledger } = this.context;
    const { certificate } = this.checkpoints;
    const start = this.succession.start();
    const proofs = this.context.evidence.map((evidence): DurableRecord => ({ kind: 'evidence', evidence }));
    if (start !== undefined) return { records: [...this.succession.past(), ...start, ...proofs], votes: [] };
    // The stable state where it is held, so that a restarted member can still serve it.
    const { stable } = this.context;
    const held = this.snapshots.stateAt(stable);
    const records: DurableRecord[] = [
      ...this.succession.past(),
      held === undefined
        ? { kind: 'state', sequence: ledger.executed, state: ledger.encode() }
        : { kind: 'state', sequence: stable, state: held },
    ];
    if (certificate !== undefined) records.push({ kind: 'stable', certificate });
    if (this.viewChanges.current !== undefined) records.push({ kind: 'newView', message: this.viewChanges.current });
    records.push(...proofs);
    const checkpoint = ownVotes.newest('checkpoint', this.context.stable);
    const votes = [ownVotes.viewChange, ownVotes.newView, checkpoint].filter((message) => message !== undefined);
    return { records, votes };
  }

  private start(): void {
    const { context } = this;
    this.catchUp.startTimer();
    const asked = context.ownVotes.viewChange;
    if (!context.active && asked !== undefined) {
      for (const member of context.committee.indexesInOrder) {
        if (member !== context.self) context.emit({ kind: 'forward', to: member, message: asked });
      }
    }
    this.catchUp.announce();
  }

  private onTimer(timer: TimerId): void {
    const { context } = this;
    switch (timer) {
      case 'status':
        this.admission.dropForgotten();
        this.catchUp.onTick();
        break;
      case 'new-view':
        this.viewChanges.onNewViewTimeout();
        break;
      case 'relay':
        this.admission.onRelayTimer();
        break;
      case 'progress':
        if (!context.active || !this.progress.awaits) break;
        if (this.progress.isLeadersFault(this.catchUp.isOutOfTouch))
          this.viewChanges.ask((context.view + 1) as View, 'timeout');
        break;
    }
  }

  private onMessage(message: Verified): void {
    if (message.epoch !== this.context.committee.epoch || message.sender === OBSERVER) {
      this.onForeign(message);
      return;
    }
    if (message.sender === this.context.self) this.context.ownVotes.keep(message);
    switch (message.kind) {
      case 'prePrepare':
        this.agreement.onPrePrepare(message);
        break;
      case 'prepare':
        this.agreement.onPrepare(message);
        break;
      case 'commit':
        this.agreement.onCommit(message);
        break;
      case 'checkpoint':
        this.checkpoints.onCheckpoint(message);
        break;
      case 'viewChange':
        this.viewChanges.onViewChange(message);
        this.catchUp.fetchMissing();
        break;
      case 'newView':
        this.viewChanges.onNewView(message);
        this.catchUp.fetchMissing();
        break;
      case 'status':
        this.catchUp.onStatus(message);
        break;
      case 'fetch':
        this.catchUp.onFetch(message);
        break;
      case 'batch': {
        const wanted = this.viewChanges.onBatch(message.batch);
        if (!this.agreement.onBatch(message.batch) && !wanted)
          this.context.reject(message.sender, reject('unsolicited', 'nobody asked for that batch'));
        break;
      }
      case 'decided':
        this.agreement.onDecided(message);
        break;
      case 'requests':
        // A relayed envelope's deadline is judged at execution, in log time, by everybody alike.
        for (const envelope of message.envelopes) this.admission.onRelayed(envelope as Authentic, message.sender);
        break;
      case 'epochChange':
        this.succession.onProof(message);
        break;
      case 'snapshot':
        this.snapshotFetch.onOffer(message);
        break;
      case 'chunk':
        this.snapshotFetch.onChunk(message);
        break;
    }
  }

  /** From a node in another epoch, or in none. */
  private onForeign(message: Verified): void {
    switch (message.kind) {
      case 'status':
        this.succession.onForeignStatus(message);
        break;
      case 'fetch':
        this.succession.onForeignFetch(message);
        break;
      case 'decided':
        this.agreement.onDecided(message);
        break;
      case 'epochChange':
        this.succession.onProof(message);
        break;
      case 'snapshot':
        this.snapshotFetch.onOffer(message);
        break;
      case 'chunk':
        this.snapshotFetch.onChunk(message);
        break;
      default:
        this.context.emit({ kind: 'rejected', sender: OBSERVER, rejection: reject('wrong_epoch', message.kind) });
    }
  }

  /** After every event: execute, drop what is stable, fetch on, and let the timer follow the oldest waiting envelope. */
  private settle(): void {
    const { context } = this;
    const moved = this.executor.run();
    const low = Math.min(context.stable, context.ledger.executed) as Sequence;
    if (moved || context.stable > this.adopted) this.agreement.dropNeedless();
    this.adopted = context.stable;
    if (low > this.dropped) {
      this.dropped = low;
      context.emit({ kind: 'stable', sequence: low });
    }
    this.viewChanges.build();
    this.catchUp.continueFetching();
    this.progress.update();
    this.catchUp.update();
    this.succession.settle();
  }
}
