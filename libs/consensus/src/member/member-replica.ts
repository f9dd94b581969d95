import {
  OBSERVER,
  reject,
  type Authentic,
  type Checkpoint,
  type Committee,
  type Digest,
  type Envelope,
  type Epoch,
  type Epochs,
  type Hash,
  type MemberIndex,
  type NodeId,
  type Rejection,
  type Sequence,
  type Signed,
  type Statement,
  type Verified,
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
  type ReplicaEvent,
  type ReplicaState,
  type TimerId,
  type WaitingEnvelope,
} from '../replica';
import type { ReplicaConfig } from '../replica-config';
import { Admission } from './admission';
import { CatchUp } from './catch-up';
import { Checkpoints } from './checkpoints';
import { Context } from './context';
import { Executor } from './executor';
import type { Engine } from './engine';
import { Installer } from './installer';
import { SnapshotFetch } from './snapshot-fetch';
import { Snapshots } from './snapshots';
import { outlivesEpoch, Succession } from './succession';

/** What a member is made of. */
export interface ReplicaOptions {
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

/** Builds the engine of a member. It reads what is decided, and moves the window by what is stable. */
export type EngineFactory = (context: Context, checkpoints: Checkpoints) => Engine;

/** Joins the parts of a member and hands each event to the one it concerns. Every rule lives in a part. */
export class MemberReplica implements Replica {
  private readonly context: Context;
  private readonly engine: Engine;
  private readonly checkpoints: Checkpoints;
  private readonly executor: Executor;
  private readonly succession: Succession;
  private readonly snapshots: Snapshots;
  private readonly snapshotFetch: SnapshotFetch;
  private readonly catchUp: CatchUp;
  private readonly admission: Admission;
  /** Slots up to here are stable and executed, and were dropped. */
  private dropped: Sequence;
  /** Stable checkpoint at the last event. */
  private adopted: Sequence;
  private halted = false;

  constructor(options: ReplicaOptions, engineOf: EngineFactory) {
    const { committee, self, epochs, nodeId, hash, config, recovered = NOTHING_RECOVERED, waiting = [] } = options;
    this.dropped = committee.table.baseSequence;
    this.adopted = committee.table.baseSequence;
    const pool = new Pool({
      envelopesMax: config.poolEnvelopesMax,
      bytesMax: config.poolBytesMax,
      members: committee.n,
    });
    const context = new Context(committee, self, hash, config, pool, new Ledger(options), epochs, nodeId);
    this.context = context;
    this.snapshots = new Snapshots(context);
    this.checkpoints = new Checkpoints(context, this.snapshots);
    this.engine = engineOf(context, this.checkpoints);
    this.executor = new Executor(context, this.engine, this.checkpoints);
    this.succession = new Succession(context, this.checkpoints, this.snapshots);
    const installer = new Installer(context, this.engine, this.checkpoints, this.succession);
    this.snapshotFetch = new SnapshotFetch(context, (certificate, state) => {
      if (installer.install(certificate, state)) this.catchUp.onInstalled(certificate.sequence);
    });
    const { engine, checkpoints, succession, snapshots, snapshotFetch } = this;
    this.catchUp = new CatchUp(context, engine.help, checkpoints, succession, snapshots, snapshotFetch);
    this.admission = new Admission(context, this.executor, this.catchUp);
    this.restore(recovered);
    this.succession.adoptEnd();
    for (const { envelope, origin } of waiting)
      this.admission.takeOver(envelope, committee.indexOf(origin) ?? context.self);
  }

  /** Start-up replay. Its blocks were committed before the restart, so their effects are not repeated (Spec §6). */
  private restore(recovered: Recovered): void {
    const { context, checkpoints, engine } = this;
    if (recovered.state !== undefined) context.ledger.restore(recovered.state.bytes);
    for (const evidence of recovered.evidence) context.record(evidence);
    checkpoints.restore(recovered.stable);
    for (const message of recovered.votes) if (message.kind === 'checkpoint') checkpoints.keepOwn(message);
    checkpoints.resume();
    this.restoreSnapshot(recovered);
    engine.restore(recovered);
    for (const message of recovered.votes)
      if (message.kind === 'checkpoint') checkpoints.onCheckpoint(message as Verified<Checkpoint>);
    this.executor.run();
    const owed = context.drain().filter((effect) => effect.kind !== 'commit');
    for (const effect of owed) context.emit(effect);
    engine.resume(recovered);
  }

  /** The state that the member starts from is one that it can serve, when a certificate is about exactly that. */
  private restoreSnapshot({ state }: Recovered): void {
    const { committee, epochs } = this.context;
    const { epoch, baseSequence } = committee.table;
    if (state === undefined) return;
    const [beginning] = epochs.changesAfter((epoch - 1) as Epoch, 1);
    const certificate = state.sequence === baseSequence ? beginning?.certificate : this.checkpoints.certificate;
    if (certificate?.sequence === state.sequence) this.snapshots.restore(state.bytes, certificate);
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
        this.engine.propose();
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
      case 'checkpoint':
      case 'stable':
        return statement.sequence <= context.stable ? reject('redundant', 'stable already') : undefined;
      case 'decided':
        return statement.sequence <= context.ledger.executed ? reject('redundant', 'executed already') : undefined;
      case 'snapshot':
      case 'chunk':
        return this.snapshotFetch.admit(statement);
      case 'status':
      case 'fetch':
      case 'batch':
      case 'requests':
      case 'epochChange':
        return undefined;
      default:
        return this.engine.admit(statement);
    }
  }

  state(): ReplicaState {
    const { context } = this;
    const { ledger, pool } = context;
    const { phase, size, timer, asking } = this.engine.report();
    return {
      view: context.view,
      promisedView: context.promisedView,
      leader: context.leader,
      phase,
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
      slots: size,
      oldest: context.oldest,
      snapshot: this.snapshotFetch.progress(),
      peers: this.catchUp.heard(),
      timer,
      asking,
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
    return this.engine.progressOf(id);
  }

  evidence(): readonly Evidence[] {
    return this.context.evidence;
  }

  base(): { records: DurableRecord[]; votes: Signed[] } {
    const { ledger, stable } = this.context;
    const { certificate } = this.checkpoints;
    const start = this.succession.start();
    const proofs = this.context.evidence.map((evidence): DurableRecord => ({ kind: 'evidence', evidence }));
    if (start !== undefined) return { records: [...this.succession.past(), ...start, ...proofs], votes: [] };
    // The stable state where it is held, so that a restarted member can still serve it.
    const held = this.snapshots.stateAt(stable);
    const records: DurableRecord[] = [
      ...this.succession.past(),
      held === undefined
        ? { kind: 'state', sequence: ledger.executed, state: ledger.encode() }
        : { kind: 'state', sequence: stable, state: held },
    ];
    if (certificate !== undefined) records.push({ kind: 'stable', certificate });
    const own = this.engine.base();
    records.push(...own.records, ...proofs);
    const checkpoint = this.checkpoints.ownAt(stable);
    return { records, votes: checkpoint === undefined ? [...own.votes] : [...own.votes, checkpoint] };
  }

  private start(): void {
    this.catchUp.startTimer();
    this.engine.start();
    this.catchUp.announce();
  }

  private onTimer(timer: TimerId): void {
    switch (timer) {
      case 'status':
        this.admission.dropForgotten();
        this.catchUp.onTick();
        break;
      case 'relay':
        this.admission.onRelayTimer();
        break;
      case 'progress':
      case 'new-view':
        this.engine.onTimer(timer, this.catchUp);
        break;
    }
  }

  private onMessage(message: Verified): void {
    if (message.epoch !== this.context.committee.epoch || message.sender === OBSERVER) {
      this.onForeign(message);
      return;
    }
    const isOwn = message.sender === this.context.self;
    switch (message.kind) {
      case 'checkpoint':
        if (isOwn) this.checkpoints.keepOwn(message);
        this.checkpoints.onCheckpoint(message);
        break;
      case 'stable':
        this.checkpoints.adopt(message.certificate);
        break;
      case 'status':
        this.catchUp.onStatus(message);
        break;
      case 'fetch':
        this.catchUp.onFetch(message);
        break;
      case 'batch':
        if (!this.engine.onBatch(message.batch))
          this.context.reject(message.sender, reject('unsolicited', 'nobody asked for that batch'));
        break;
      case 'decided':
        this.engine.onDecided(message);
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
      default:
        if (isOwn) this.engine.keepOwn(message);
        if (this.engine.onMessage(message)) this.catchUp.fetchMissing();
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
        this.engine.onDecided(message);
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
    if (moved || context.stable > this.adopted) this.engine.dropNeedless();
    this.adopted = context.stable;
    if (low > this.dropped) {
      this.dropped = low;
      context.emit({ kind: 'stable', sequence: low });
    }
    this.engine.advance();
    this.catchUp.continueFetching();
    this.engine.updateTimer(this.catchUp);
    this.catchUp.update();
    this.succession.settle();
  }
}
