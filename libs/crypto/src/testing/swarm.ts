import {
  asciiBytes,
  blockDigest,
  chainHeaders,
  checkMembership,
  checkpointDigest,
  Committee,
  createBatch,
  createEpochTable,
  digest,
  epoch,
  memberIndex,
  MESSAGE_KINDS,
  millis,
  nodeId,
  NULL_DIGEST,
  seal,
  sequence,
  StateTree,
  swarmId,
  timeoutDigest,
  view,
  ZERO_DIGEST,
  type Authentic,
  type BlockReference,
  type CheckpointCertificate,
  type CheckpointContent,
  type CommitCertificate,
  type ContentOf,
  type Digest,
  type DraftOf,
  type EngineName,
  type EnvelopeBody,
  type MessageKind,
  type PreparedCertificate,
  type QuorumCertificate,
  type TimeoutCertificate,
  type Request,
  type Signed,
  type SignatureScheme,
  type Statement,
  type VoteSignature,
  Epochs,
  epochTableHash,
  type EpochChange,
} from '@concordat/protocol';
import { nativeHash } from '../hash';
import { createOpener, type Opener, type OpenerOptions } from '../opener';
import { signatureSuite, type KeyPair } from '../signature-suite';
import { createClientSigner, createSigner, type ClientSigner, type MemberSigner } from '../signer';

/** Some digest, different for different text. */
export const someDigest = (text: string): Digest => digest(Buffer.from(nativeHash(asciiBytes(text))).toString('hex'));

/** A signed message of one kind. */
export type SealedOf<K extends MessageKind> = Signed<ContentOf<K>>;

export const request = (value: string, proposer = ''): Request => ({
  value: asciiBytes(JSON.stringify(value)),
  category: 'general',
  priority: 'normal',
  proposer,
  metadata: new Uint8Array(0),
  expiresAt: millis(1_800_000_000_000),
});

export const gatewayBody = (node: string, firstNonce: bigint, ...values: readonly string[]): EnvelopeBody => ({
  signer: { kind: 'gateway', nodeId: nodeId(node), acceptedView: view(0) },
  firstNonce,
  requests: values.map((value) => request(value)),
});

/** A swarm of `n` members n0, n1, ... with real keys, and one client with a key of its own. */
export class TestSwarm {
  readonly keys: readonly KeyPair[];
  readonly committee: Committee;
  readonly id: Digest;
  readonly client: ClientSigner;
  readonly signers: readonly MemberSigner[];

  constructor(
    readonly scheme: SignatureScheme = 'ed25519',
    n = 4,
    random = 'swarm',
    engine: EngineName = 'pbft',
  ) {
    const suite = signatureSuite(scheme);
    this.keys = Array.from({ length: n }, () => suite.generate());
    const table = createEpochTable({
      members: this.keys.map(({ publicKey }, i) => ({ nodeId: nodeId(`n${String(i)}`), publicKey, weight: 1 })),
      engine,
      signatureScheme: scheme,
      checkpointInterval: 8,
      batchBytesMax: 16 * 1024,
      batchRequestsMax: 32,
    });
    this.committee = new Committee(table, nativeHash);
    this.id = swarmId(nativeHash, { swarm: 'test', random: someDigest(random), table });
    this.signers = this.keys.map(({ privateKey }) => this.signer(privateKey));
    const { privateKey } = suite.generate();
    this.client = createClientSigner({ suite, privateKey, swarmId: this.id, hash: nativeHash });
  }

  /** A signer in this swarm's domain, or in one with another swarm id or table hash. */
  signer(privateKey: Uint8Array, domain: { swarmId?: Digest; tableHash?: Digest } = {}): MemberSigner {
    const own = { swarmId: this.id, tableHash: this.committee.hash };
    return createSigner({
      suite: signatureSuite(this.scheme),
      privateKey,
      hash: nativeHash,
      domain: { ...own, ...domain },
    });
  }

  opener(options: Partial<OpenerOptions> = {}): Opener {
    return createOpener({
      committee: this.committee,
      epochs: new Epochs(nativeHash, this.committee.table),
      swarmId: this.id,
      hash: nativeHash,
      suite: signatureSuite(this.scheme),
      envelopeCacheMax: 64,
      ...options,
    });
  }

  member(index: number): MemberSigner {
    const signer = this.signers[index];
    if (signer === undefined) throw new Error(`no member ${String(index)}`);
    return signer;
  }

  /** The draft as `sender` says it, signed by `sign`: its own signer unless a test wants a forgery. */
  seal<K extends MessageKind>(
    sender: number,
    draft: DraftOf<K>,
    sign: MemberSigner['signStatement'] = this.member(sender).signStatement,
  ): SealedOf<K> {
    const sealer = { hash: nativeHash, epoch: this.committee.epoch, sender: memberIndex(sender), sign };
    return seal(sealer, draft) as SealedOf<K>;
  }

  statement<K extends MessageKind>(
    kind: K,
    sender: number,
    at: { view?: number; sequence?: number; digest?: Digest },
  ): Statement<K> {
    return {
      kind,
      epoch: epoch(0),
      view: view(at.view ?? 0),
      sequence: sequence(at.sequence ?? 0),
      digest: at.digest ?? someDigest('batch'),
      sender: memberIndex(sender),
    };
  }

  votes(
    kind: MessageKind,
    senders: readonly number[],
    at: { view?: number; sequence?: number; digest?: Digest },
  ): VoteSignature[] {
    return senders.map((sender) => ({
      sender: memberIndex(sender),
      signature: this.member(sender % this.committee.n).signStatement(this.statement(kind, sender, at)),
    }));
  }

  commitCertificate(
    senders: readonly number[],
    at: { view?: number; sequence: number; digest: Digest },
  ): CommitCertificate {
    const { view, sequence, digest } = this.statement('commit', 0, at);
    return { view, sequence, digest, signatures: this.votes('commit', senders, at) };
  }

  quorumCertificate(
    senders: readonly number[],
    at: { view: number; sequence: number; digest: Digest },
  ): QuorumCertificate {
    const { view, sequence, digest } = this.statement('vote', 0, at);
    return { view, sequence, digest, signatures: this.votes('vote', senders, at) };
  }

  /** Everybody names the same block. */
  timeoutCertificate(senders: readonly number[], inView: number, highest: BlockReference): TimeoutCertificate {
    const digest = timeoutDigest(nativeHash, highest);
    const signatures = this.votes('timeout', senders, { view: inView, digest });
    return { view: view(inView), timeouts: signatures.map((vote) => ({ ...vote, highest })) };
  }

  /** Decided by two blocks of the null batch above it. */
  chainCertificate(
    senders: readonly number[],
    at: { view: number; sequence: number; digest: Digest },
  ): CommitCertificate {
    const chain = {
      parent: { view: view(at.view - 1), digest: someDigest('parent') },
      above: [1, 2].map((more) => ({ view: view(at.view + more), batch: NULL_DIGEST })),
    };
    const { view: inView, sequence, digest } = this.statement('vote', 0, at);
    const decided = { view: inView, sequence, digest, signatures: [], chain };
    const last = chainHeaders(nativeHash, decided, chain).at(-1);
    if (last === undefined) throw new RangeError('a chain has blocks');
    return { ...decided, signatures: this.votes('vote', senders, { ...last, digest: blockDigest(nativeHash, last) }) };
  }

  preparedCertificate(
    senders: readonly number[],
    at: { view: number; sequence: number; digest: Digest },
  ): PreparedCertificate {
    const leader = this.committee.leaderOf(view(at.view));
    const leaderSignature = this.member(leader).signStatement(this.statement('prePrepare', leader, at));
    const { view: ofView, sequence, digest } = this.statement('prepare', 0, at);
    return { view: ofView, sequence, digest, leaderSignature, signatures: this.votes('prepare', senders, at) };
  }

  /** The epoch ends at 24, and the next has the same members. */
  epochChange(): EpochChange {
    const { table } = this.committee;
    const next = { ...table, epoch: epoch(1), baseSequence: sequence(24) };
    const content = {
      stateDigest: someDigest('state'),
      boundary: sequence(24),
      nextTableHash: epochTableHash(nativeHash, next),
    };
    const fields = { sequence: 24, digest: checkpointDigest(nativeHash, sequence(24), content) };
    const signatures = this.votes('checkpoint', [0, 1, 2], fields);
    return { table: next, certificate: { sequence: sequence(24), content, signatures } };
  }

  checkpointContent(): CheckpointContent {
    return { stateDigest: someDigest('state'), boundary: sequence(0), nextTableHash: ZERO_DIGEST };
  }

  checkpointCertificate(
    senders: readonly number[],
    at: number,
    content = this.checkpointContent(),
  ): CheckpointCertificate {
    const fields = { sequence: at, digest: checkpointDigest(nativeHash, sequence(at), content) };
    return { sequence: sequence(at), content, signatures: this.votes('checkpoint', senders, fields) };
  }

  envelopes(): Authentic[] {
    return [
      this.client.signEnvelope({ firstNonce: 1n, requests: [request('from a client')] }),
      this.member(2).signEnvelope(gatewayBody('n2', 5n, 'one', 'two')),
    ];
  }

  /** Kinds that its engine speaks. */
  get kinds(): MessageKind[] {
    const all = Object.keys(MESSAGE_KINDS) as MessageKind[];
    return all.filter((kind) => checkMembership(this.committee, this.statement(kind, 0, {}))?.code !== 'malformed');
  }

  /** Something valid of every kind, with the member that says it; of kinds of the other engine, valid in a swarm of that. */
  drafts(): { readonly [K in MessageKind]: { readonly sender: number; readonly draft: DraftOf<K> } } {
    const batch = createBatch(nativeHash, millis(1_700_000_000_000), this.envelopes());
    const state = new StateTree(nativeHash, new TextEncoder().encode('a state'));
    const vote = { view: view(0), sequence: sequence(1), digest: batch.digest };
    const none = { view: view(0), sequence: sequence(0) };
    const certificate =
      this.committee.table.engine === 'pbft'
        ? this.commitCertificate([0, 1, 3], { sequence: 1, digest: batch.digest })
        : this.chainCertificate([0, 1, 3], { view: 1, sequence: 1, digest: batch.digest });
    const block = { view: view(5), sequence: sequence(9), digest: someDigest('block') };
    const highest = { view: block.view, digest: block.digest };
    const justify = this.quorumCertificate([0, 1, 3], block);
    const timeouts = this.timeoutCertificate([1, 2, 3], 7, highest);
    const next = { view: view(8), sequence: sequence(10), parent: highest, batch: batch.digest };
    return {
      prePrepare: { sender: 0, draft: { kind: 'prePrepare', ...vote, batch } },
      prepare: { sender: 1, draft: { kind: 'prepare', ...vote } },
      commit: { sender: 0, draft: { kind: 'commit', ...vote } },
      checkpoint: {
        sender: 2,
        draft: { kind: 'checkpoint', sequence: sequence(8), content: this.checkpointContent() },
      },
      viewChange: {
        sender: 3,
        draft: {
          kind: 'viewChange',
          view: view(1),
          sequence: sequence(0),
          stable: this.checkpointCertificate([0, 1, 2], 8),
          prepared: [this.preparedCertificate([1, 2], { view: 0, sequence: 9, digest: batch.digest })],
        },
      },
      newView: {
        sender: 1,
        draft: {
          kind: 'newView',
          view: view(1),
          sequence: sequence(0),
          viewChanges: [0, 1, 3].map((sender) => ({ sender: memberIndex(sender), digest: someDigest('view-change') })),
          entries: [{ sequence: sequence(9), digest: batch.digest }],
        },
      },
      status: {
        sender: 3,
        draft: {
          kind: 'status',
          view: view(1),
          sequence: sequence(9),
          promisedView: view(2),
          stableSequence: sequence(8),
          oldestSequence: sequence(1),
          headDigest: someDigest('head'),
          slots: [{ sequence: sequence(10), flags: 3 }],
          waiting: [someDigest('waiting')],
          viewChangesHeld: [{ sender: memberIndex(3), view: view(4) }],
          silent: [memberIndex(1)],
        },
      },
      fetch: {
        sender: 1,
        draft: {
          kind: 'fetch',
          ...none,
          origin: nodeId('n1'),
          batches: [batch.digest],
          viewChanges: [someDigest('view-change')],
          envelopes: [],
          decided: { from: sequence(1), to: sequence(3) },
          snapshot: undefined,
        },
      },
      batch: { sender: 2, draft: { kind: 'batch', ...none, batch } },
      decided: {
        sender: 2,
        draft: { kind: 'decided', view: certificate.view, sequence: sequence(1), certificate, batch },
      },
      requests: { sender: 1, draft: { kind: 'requests', ...none, envelopes: this.envelopes() } },
      epochChange: {
        sender: 2,
        draft: { kind: 'epochChange', view: view(0), sequence: sequence(24), change: this.epochChange() },
      },
      snapshot: {
        sender: 3,
        draft: {
          kind: 'snapshot',
          view: view(0),
          sequence: sequence(8),
          certificate: this.checkpointCertificate([0, 1, 2], 8, {
            ...this.checkpointContent(),
            stateDigest: state.digest,
          }),
          shape: state.shape,
        },
      },
      chunk: {
        sender: 3,
        draft: {
          kind: 'chunk',
          view: view(0),
          sequence: sequence(8),
          index: 0,
          bytes: state.chunk(0),
          path: state.path(0),
        },
      },
      proposal: {
        sender: 0,
        draft: {
          kind: 'proposal',
          view: next.view,
          sequence: next.sequence,
          digest: blockDigest(nativeHash, next),
          parent: highest,
          batchDigest: batch.digest,
          justify,
          timeouts,
          batch,
        },
      },
      vote: { sender: 2, draft: { kind: 'vote', ...block } },
      timeout: {
        sender: 1,
        draft: {
          kind: 'timeout',
          view: view(8),
          sequence: sequence(0),
          digest: timeoutDigest(nativeHash, highest),
          highest,
          justify,
          timeouts,
        },
      },
      syncInfo: { sender: 2, draft: { kind: 'syncInfo', view: view(8), sequence: sequence(0), justify, timeouts } },
      stable: {
        sender: 3,
        draft: {
          kind: 'stable',
          view: view(0),
          sequence: sequence(8),
          certificate: this.checkpointCertificate([0, 1, 2], 8),
        },
      },
    };
  }

  /** A valid signed message of every kind; of kinds of the other engine, valid in a swarm of that. */
  messages(): { readonly [K in MessageKind]: SealedOf<K> } {
    const drafts = this.drafts();
    const sealed = Object.entries(drafts).map(([kind, { sender, draft }]) => [kind, this.seal(sender, draft)]);
    return Object.fromEntries(sealed) as { readonly [K in MessageKind]: SealedOf<K> };
  }
}
