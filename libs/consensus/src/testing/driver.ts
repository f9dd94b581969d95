import {
  asciiBytes,
  Committee,
  concatBytes,
  createBatch,
  createEpochTable,
  encodeEnvelopeBody,
  Epochs,
  equalBytes,
  NULL_DIGEST,
  portableHash,
  seal,
  sealEnvelope,
  ZERO_DIGEST,
  type Authentic,
  type Batch,
  type Content,
  type Digest,
  type Draft,
  type EpochTable,
  type MemberIndex,
  type Millis,
  type NodeId,
  type PreparedCertificate,
  type Priority,
  type Sequence,
  type Signed,
  type Verified,
  type View,
} from '@concordat/protocol';
import type { Judge } from '../judge';
import { Ledger } from '../ledger';
import { createReplica } from '../create-replica';
import { type DurableRecord, type Effect, type Recovered, type Replica, type TimerId } from '../replica';
import { DEFAULT_REPLICA_CONFIG, type ReplicaConfig } from '../replica-config';

/** Signatures are checked outside the core, so that its tests need none that hold: these only tell who signed. */
const stubSignature = (sender: MemberIndex): Uint8Array => Uint8Array.from({ length: 64 }, () => sender + 1);

/** What testJudge takes for the signature of whoever has the key. */
export const testSignature = (publicKey: Uint8Array, bytes: Uint8Array): Uint8Array =>
  concatBytes(portableHash(publicKey, bytes), portableHash(bytes, publicKey));

/** Its signatures anybody can make; a proof against a member is that member's name. */
export const testJudge: Judge = {
  verify: (publicKey, bytes, signature) => equalBytes(testSignature(publicKey, bytes), signature),
  proves: (_epochs, _current, proof, accused) => equalBytes(proof, asciiBytes(accused)),
};

/** A committee of `n` with small windows: K = 4, L = 8 unless said otherwise. */
export function testCommittee(n = 4, overrides: Partial<EpochTable> = {}): Committee {
  const members = Array.from({ length: n }, (_, index) => ({
    nodeId: `node-${String(index)}` as NodeId,
    publicKey: new Uint8Array(32).fill(index + 1),
    weight: 1,
  }));
  return new Committee(createEpochTable({ members, checkpointInterval: 4, windowSize: 8, ...overrides }), portableHash);
}

/** A test committee in which votes count by these weights. */
export function weightedCommittee(weights: readonly number[], overrides: Partial<EpochTable> = {}): Committee {
  const members = testCommittee(weights.length).table.members.map((member, index) => ({
    ...member,
    weight: weights[index] ?? 1,
  }));
  return testCommittee(weights.length, { members, weightedVoting: true, ...overrides });
}

/** The genesis state of a committee. */
export const testLedger = (committee = testCommittee()): Ledger =>
  new Ledger({
    hash: portableHash,
    swarmId: ZERO_DIGEST,
    epochs: new Epochs(portableHash, committee.table),
    committee,
    judge: testJudge,
  });

/** What an envelope of the tests may say. */
export interface EnvelopeOptions {
  readonly nonce?: bigint;
  readonly count?: number;
  readonly expiresAt?: number;
  readonly priority?: Priority;
  readonly text?: string;
}

/** An envelope of the client `name`. */
export function envelopeOf(
  name: string,
  { nonce = 1n, count = 1, expiresAt = 60_000, priority = 'normal', text = name }: EnvelopeOptions = {},
): Authentic {
  const body = {
    signer: { kind: 'client', publicKey: portableHash(asciiBytes(name)) } as const,
    firstNonce: nonce,
    requests: Array.from({ length: count }, () => ({
      value: asciiBytes(JSON.stringify(text)),
      category: 'general' as const,
      priority,
      proposer: '',
      metadata: new Uint8Array(0),
      expiresAt: expiresAt as Millis,
    })),
  };
  return sealEnvelope(portableHash, body, encodeEnvelopeBody(body), new Uint8Array(64)) as Authentic;
}

/** A batch with one envelope of the client `name`, built at time 1000. */
export const batchOf = (name: string, options?: EnvelopeOptions): Batch =>
  createBatch(portableHash, 1000 as Millis, [envelopeOf(name, options)]);

/** Drives one replica by hand: builds the other members' messages, returns its own votes to it, and tells effects in short words. */
export class Driver {
  readonly replica: Replica;
  readonly committee: Committee;
  /** Everything that the replica has sealed. */
  readonly sealed: Signed[] = [];
  /** Effects since the last `told`. */
  private effects: Effect[] = [];
  private readonly names = new Map<Digest, string>([[NULL_DIGEST, 'null']]);
  now = 1000;
  /** Hears of what is made durable. */
  onPersist: (record: DurableRecord) => void = () => undefined;

  constructor(
    readonly self: number,
    options: { committee?: Committee; config?: Partial<ReplicaConfig>; recovered?: Recovered } = {},
  ) {
    this.committee = options.committee ?? testCommittee();
    this.replica = createReplica({
      swarmId: ZERO_DIGEST,
      epochs: new Epochs(portableHash, this.committee.table),
      committee: this.committee,
      self: self as MemberIndex,
      nodeId: `node-${String(self)}` as NodeId,
      hash: portableHash,
      judge: testJudge,
      // Two at once, so that a table row can have a sequence beside one that waits.
      config: { ...DEFAULT_REPLICA_CONFIG, eagerDepth: 2, ...options.config },
      ...(options.recovered === undefined ? {} : { recovered: options.recovered }),
    });
  }

  /** A batch by its short name; `null` is the null digest. */
  batch(name: string, options?: EnvelopeOptions): Batch {
    const batch = batchOf(name, options);
    this.names.set(batch.digest, name);
    return batch;
  }

  digest(name: string): Digest {
    return name === 'null' ? NULL_DIGEST : this.batch(name).digest;
  }

  /** Gives a digest a short name in what `told` says. */
  call(digest: Digest, name: string): void {
    this.names.set(digest, name);
  }

  start(): this {
    return this.feed({ kind: 'start', at: this.now as Millis });
  }

  drained(): this {
    return this.feed({ kind: 'drained', at: this.now as Millis });
  }

  timer(timer: TimerId): this {
    return this.feed({ kind: 'timer', at: this.now as Millis, timer });
  }

  submit(envelope: Authentic): this {
    return this.feed({ kind: 'submit', at: this.now as Millis, envelope });
  }

  /** A message of `sender`, sealed with a stub signature. */
  sealAs(sender: number, draft: Draft): Signed {
    return seal(
      {
        hash: portableHash,
        epoch: this.committee.epoch,
        sender: sender as MemberIndex,
        sign: ({ sender: by }) => stubSignature(by),
      },
      draft,
    );
  }

  from(sender: number, draft: Draft): this {
    return this.receive(this.sealAs(sender, draft));
  }

  receive(message: Signed): this {
    return this.feed({ kind: 'message', at: this.now as Millis, message: message as Verified });
  }

  prePrepare(
    name: string,
    { view = 0, sequence = 1, from }: { view?: number; sequence?: number; from?: number } = {},
  ): this {
    const sender = from ?? this.committee.leaderOf(view as View);
    const batch = name === 'null' ? undefined : this.batch(name);
    return this.from(sender, {
      kind: 'prePrepare',
      view: view as View,
      sequence: sequence as Sequence,
      digest: this.digest(name),
      batch,
    });
  }

  prepare(sender: number, name: string, { view = 0, sequence = 1 }: { view?: number; sequence?: number } = {}): this {
    return this.from(sender, {
      kind: 'prepare',
      view: view as View,
      sequence: sequence as Sequence,
      digest: this.digest(name),
    });
  }

  commit(sender: number, name: string, { view = 0, sequence = 1 }: { view?: number; sequence?: number } = {}): this {
    return this.from(sender, {
      kind: 'commit',
      view: view as View,
      sequence: sequence as Sequence,
      digest: this.digest(name),
    });
  }

  /** A prepared certificate by the leader of `view` and enough others. */
  certificate(
    name: string,
    { view = 0, sequence = 1 }: { view?: number; sequence?: number } = {},
  ): PreparedCertificate {
    const leader = this.committee.leaderOf(view as View);
    const others = this.committee.indexesInOrder
      .filter((member) => member !== leader)
      .slice(0, this.committee.quorumWeight - 1);
    return {
      view: view as View,
      sequence: sequence as Sequence,
      digest: this.digest(name),
      leaderSignature: stubSignature(leader),
      signatures: others.map((sender) => ({ sender, signature: stubSignature(sender) })),
    };
  }

  /** VIEW-CHANGE of `sender` with what it says to have prepared. */
  viewChange(sender: number, view: number, prepared: readonly PreparedCertificate[] = []): Signed {
    return this.sealAs(sender, {
      kind: 'viewChange',
      view: view as View,
      sequence: 0 as Sequence,
      stable: undefined,
      prepared,
    });
  }

  /** NEW-VIEW of the leader of `view` from those VIEW-CHANGEs, with entries as given. */
  newView(view: number, viewChanges: readonly Signed[], entries: readonly string[], first = 1): Signed {
    return this.sealAs(this.committee.leaderOf(view as View), {
      kind: 'newView',
      view: view as View,
      sequence: 0 as Sequence,
      viewChanges: viewChanges.map(({ sender, digest }) => ({ sender, digest })).sort((a, b) => a.sender - b.sender),
      entries: entries.map((name, index) => ({ sequence: (first + index) as Sequence, digest: this.digest(name) })),
    });
  }

  /** The effects since the last call, in short words; timers, status and pool bookkeeping only when asked for. */
  told(also: readonly string[] = []): string[] {
    const effects = this.effects;
    this.effects = [];
    return effects
      .map((effect) => this.tell(effect))
      .filter((text) => !QUIET.some((word) => text.startsWith(word) && !also.includes(word)));
  }

  private feed(event: Parameters<Replica['step']>[0]): this {
    for (const effect of this.replica.step(event)) {
      this.effects.push(effect);
      if (effect.kind === 'persist') this.onPersist(effect.record);
      if (effect.kind !== 'vote') continue;
      const message = this.sealAs(this.self, effect.draft);
      this.sealed.push(message);
      this.receive(message);
    }
    return this;
  }

  private name(digest: Digest): string {
    return this.names.get(digest) ?? digest.slice(0, 6);
  }

  private place(content: Pick<Content, 'view' | 'sequence' | 'digest'>): string {
    return `${String(content.view)}/${String(content.sequence)} ${this.name(content.digest)}`;
  }

  private tell(effect: Effect): string {
    switch (effect.kind) {
      case 'vote':
        return `${this.tellVote(effect.draft)}${effect.to === undefined ? '' : ` to ${String(effect.to)}`}`;
      case 'persist':
        return `persist ${effect.record.kind}`;
      case 'commit':
        return `execute ${String(effect.block.sequence)} ${this.name(effect.block.certificate.digest)} [${effect.block.outcomes.join()}]`;
      case 'accuse':
        return `accuse ${String(effect.evidence.accused)}`;
      case 'rejected':
        return `reject ${effect.rejection.code}`;
      case 'refused':
        return `refuse ${effect.rejection.code}`;
      case 'forward':
        return `forward ${effect.message.kind} to ${String(effect.to)}`;
      case 'send':
        return `send ${effect.draft.kind} to ${String(effect.to)}`;
      case 'broadcast':
        return `broadcast ${effect.draft.kind}`;
      case 'supply':
        return `supply ${String(effect.from)}..${String(effect.through)} to ${String(effect.to)}`;
      case 'startTimer':
        return `start ${effect.timer} ${String(effect.delayMs)}`;
      case 'cancelTimer':
        return `cancel ${effect.timer}`;
      case 'viewEntered':
        return `enter view ${String(effect.view)}`;
      case 'viewLeft':
        return `leave view ${String(effect.view)}: ${effect.reason}`;
      case 'stable':
        return `stable ${String(effect.sequence)}`;
      case 'admitted':
        return 'admit';
      case 'epochEnded':
        return `end epoch ${String(effect.change.table.epoch - 1)}`;
      case 'installed':
        return `install ${String(effect.from)}..${String(effect.sequence)} [${String(effect.envelopes.length)}]`;
      case 'halt':
        return 'halt';
    }
  }

  private tellVote(draft: Extract<Effect, { kind: 'vote' }>['draft']): string {
    switch (draft.kind) {
      case 'prePrepare':
      case 'prepare':
      case 'commit':
        return `${draft.kind} ${this.place(draft)}`;
      case 'proposal':
      case 'vote':
      case 'timeout':
        return `${draft.kind} ${this.place(draft)}`;
      case 'checkpoint':
        return `checkpoint ${String(draft.sequence)}`;
      case 'viewChange':
        return `viewChange ${String(draft.view)} {${draft.prepared.map((certificate) => this.place(certificate)).join(', ')}}`;
      case 'newView':
        return `newView ${String(draft.view)} {${draft.entries.map((entry) => `${String(entry.sequence)} ${this.name(entry.digest)}`).join(', ')}}`;
    }
  }
}

const QUIET = ['start ', 'cancel ', 'broadcast status', 'admit'];
