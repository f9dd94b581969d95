import {
  blockDigest,
  NULL_DIGEST,
  rootOf,
  portableHash,
  timeoutDigest,
  type Batch,
  type BlockReference,
  type CommitCertificate,
  type Digest,
  type MemberIndex,
  type QuorumCertificate,
  type Sequence,
  type Signed,
  type TimeoutCertificate,
  type View,
  type VoteSignature,
} from '@concordat/protocol';
import { Driver, testCommittee } from './driver';

/** A block of a test, and where it stands. */
export interface TestBlock extends BlockReference {
  readonly sequence: Sequence;
  readonly parent: BlockReference;
  readonly batch: Batch | undefined;
}

type DriverOptions = NonNullable<ConstructorParameters<typeof Driver>[1]>;

/** Drives one replica that runs HotStuff: builds blocks, certificates and what other members say of them. */
export class LinearDriver extends Driver {
  readonly root: TestBlock;

  constructor(self: number, options: DriverOptions = {}) {
    super(self, { committee: testCommittee(4, { engine: 'hotstuff' }), ...options });
    const { view, digest, sequence } = rootOf(portableHash, this.committee);
    this.root = { view, digest, sequence, parent: { view, digest }, batch: undefined };
    this.call(digest, 'root');
  }

  /** A block on another one; `name` is its batch's, or `null`, and what `told` calls it. */
  block(name: string, view: number, on: TestBlock = this.root): TestBlock {
    const batch = name.startsWith('null') ? undefined : this.batch(name);
    const place = { view: view as View, sequence: (on.sequence + 1) as Sequence };
    const parent = { view: on.view, digest: on.digest };
    const digest = blockDigest(portableHash, { ...place, parent, batch: batch?.digest ?? NULL_DIGEST });
    this.call(digest, name);
    return { ...place, parent, batch, digest };
  }

  /** Blocks on one another, the first on the root, named by letters, one for each view. */
  row(...views: readonly number[]): TestBlock[] {
    const row: TestBlock[] = [];
    for (const [index, view] of views.entries())
      row.push(this.block('ABCDEFGH'.charAt(index), view, row.at(-1) ?? this.root));
    return row;
  }

  private signatures(senders: readonly number[]): VoteSignature[] {
    return senders.map((sender) => ({ sender: sender as MemberIndex, signature: new Uint8Array(64).fill(sender + 1) }));
  }

  /** A quorum's certificate for a block; undefined for the root. */
  certificateFor({ view, sequence, digest }: TestBlock, senders = [0, 1, 2]): QuorumCertificate | undefined {
    return view === 0 ? undefined : { view, sequence, digest, signatures: this.signatures(senders) };
  }

  /** That a quorum gave a view up, all of them with the same newest block. */
  givenUp(view: number, highest: BlockReference, senders = [0, 1, 2]): TimeoutCertificate {
    const { view: newest, digest } = highest;
    return {
      view: view as View,
      timeouts: this.signatures(senders).map((signed) => ({ ...signed, highest: { view: newest, digest } })),
    };
  }

  /** The leader's proposal of a block, with what it stands on. */
  proposal(block: TestBlock, on: TestBlock, from: number = this.committee.leaderOf(block.view)): Signed {
    const { view, sequence, digest, parent, batch } = block;
    return this.sealAs(from, {
      kind: 'proposal',
      view,
      sequence,
      digest,
      parent,
      batchDigest: batch?.digest ?? NULL_DIGEST,
      justify: this.certificateFor(on),
      timeouts: view === on.view + 1 ? undefined : this.givenUp(view - 1, on),
      batch,
    });
  }

  /** Proposals of blocks that stand on one another. */
  propose(...blocks: readonly TestBlock[]): this {
    const known = new Map<Digest, TestBlock>([[this.root.digest, this.root], ...this.proposed]);
    for (const block of blocks) {
      const on = known.get(block.parent.digest) ?? this.root;
      known.set(block.digest, block);
      this.proposed.set(block.digest, block);
      this.receive(this.proposal(block, on));
    }
    return this;
  }

  private readonly proposed = new Map<Digest, TestBlock>();

  /** A member says where it stands: it can be heard. */
  status(sender: number, view = 1): this {
    return this.from(sender, {
      kind: 'status',
      view: view as View,
      sequence: 0 as Sequence,
      promisedView: view as View,
      stableSequence: 0 as Sequence,
      oldestSequence: 1 as Sequence,
      headDigest: this.root.digest,
      slots: [],
      waiting: [],
      viewChangesHeld: [],
      silent: [],
    });
  }

  /** The block that one stands on, as far as it was proposed here. */
  beneath({ parent }: TestBlock): TestBlock {
    return this.proposed.get(parent.digest) ?? this.root;
  }

  /** The block of a proposal that this member sealed. */
  blockOf(message: Signed | undefined): TestBlock {
    if (message?.kind !== 'proposal') throw new Error('no proposal');
    return message;
  }

  voteOf(sender: number, { view, sequence, digest }: TestBlock): this {
    return this.from(sender, { kind: 'vote', view, sequence, digest });
  }

  timeoutOf(sender: number, view: number, newest: TestBlock = this.root): this {
    const highest = { view: newest.view, digest: newest.digest };
    return this.from(sender, {
      kind: 'timeout',
      view: view as View,
      sequence: 0 as Sequence,
      digest: timeoutDigest(portableHash, highest),
      highest,
      justify: this.certificateFor(newest),
      timeouts: view === newest.view + 1 ? undefined : this.givenUp(view - 1, newest),
    });
  }

  /** How blocks that stand on one another decide the first one. */
  decision(decided: TestBlock, ...above: readonly TestBlock[]): CommitCertificate {
    const { view, sequence, parent, batch } = decided;
    const chain = {
      parent,
      above: above.map((block) => ({ view: block.view, batch: block.batch?.digest ?? NULL_DIGEST })),
    };
    return { view, sequence, digest: batch?.digest ?? NULL_DIGEST, signatures: this.signatures([0, 1, 2]), chain };
  }

  /** A decision that a member supplies. */
  decided(sender: number, decided: TestBlock, ...above: readonly TestBlock[]): this {
    const { view, sequence, batch } = decided;
    const certificate = this.decision(decided, ...above);
    return this.from(sender, { kind: 'decided', view, sequence, batch, certificate });
  }
}
