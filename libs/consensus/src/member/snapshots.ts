import {
  FETCH_CHUNKS_MAX,
  stateChunkCount,
  StateTree,
  type CheckpointCertificate,
  type Millis,
  type Sequence,
  type SnapshotRequest,
  type View,
} from '@concordat/protocol';
import type { Address } from '../replica';
import type { Context } from './context';
import type { TakeBytes } from './engine';

/** States that wait for their checkpoint to become stable: those of a window. */
const PENDING_MAX = 2;
/** Stable states besides the newest that are kept because somebody is fetching them, and for how long after it last asked. */
const PINNED_MAX = 2;
const PINNED_MS = 2000;

interface Held {
  readonly tree: StateTree;
  /** Undefined until the checkpoint is stable. */
  certificate: CheckpointCertificate | undefined;
  askedAt: Millis | undefined;
}

/**
 * Whole states after checkpoints, for members to which single decisions are no help any more (Spec §10). The newest stable
 * one is always here; one that is being fetched stays for a while, so that a swarm that moves on takes nobody's progress.
 */
export class Snapshots {
  private readonly held = new Map<Sequence, Held>();

  constructor(private readonly context: Context) {}

  /** Takes in the state after a checkpoint; `certificate` when it is stable already. */
  keep(sequence: Sequence, tree: StateTree, certificate?: CheckpointCertificate): void {
    this.held.set(sequence, { tree, certificate, askedAt: undefined });
    this.tidy();
  }

  /** Takes up the state that a restarted member found, if it is the certified one. */
  restore(bytes: Uint8Array, certificate: CheckpointCertificate): void {
    const tree = new StateTree(this.context.hash, bytes);
    if (tree.digest === certificate.content.stateDigest) this.keep(certificate.sequence, tree, certificate);
  }

  /** A checkpoint became stable. */
  onStable(certificate: CheckpointCertificate): void {
    const held = this.held.get(certificate.sequence);
    if (held !== undefined) held.certificate = certificate;
    this.tidy();
  }

  /** The state after exactly that sequence, if it is here. */
  stateAt(sequence: Sequence): Uint8Array | undefined {
    return this.held.get(sequence)?.tree.state;
  }

  /** Sends what was asked for: an offer, or chunks as far as `takeBytes` allows. An offer too when that state is not here. */
  answer(to: Address, { sequence, from, count }: SnapshotRequest, takeBytes: TakeBytes): void {
    const held = this.held.get(sequence);
    if (count === 0 || held?.certificate === undefined) {
      this.offer(to, sequence);
      return;
    }
    const { tree } = held;
    held.askedAt = this.context.at;
    const end = Math.min(from + Math.min(count, FETCH_CHUNKS_MAX), stateChunkCount(tree.shape.bytes));
    for (let index = from; index < end; index++) {
      const bytes = tree.chunk(index);
      if (!takeBytes(bytes.length)) return;
      const draft = { kind: 'chunk', view: 0 as View, sequence, index, bytes, path: tree.path(index) } as const;
      this.context.emit({ kind: 'send', to, draft });
    }
  }

  private offer(to: Address, atLeast: Sequence): void {
    const newest = this.stable().at(-1);
    if (newest === undefined || newest.sequence < atLeast) return;
    const { sequence, held, certificate } = newest;
    held.askedAt = this.context.at;
    const { shape } = held.tree;
    this.context.emit({
      kind: 'send',
      to,
      draft: { kind: 'snapshot', view: 0 as View, sequence, certificate, shape },
    });
  }

  /** Stable states, ascending. */
  private stable(): { sequence: Sequence; held: Held; certificate: CheckpointCertificate }[] {
    const stable = [];
    for (const [sequence, held] of this.held) {
      const { certificate } = held;
      if (certificate !== undefined) stable.push({ sequence, held, certificate });
    }
    return stable.sort((a, b) => a.sequence - b.sequence);
  }

  /** Drops what nobody needs: states that will not become stable any more, and older stable ones that nobody fetches. */
  private tidy(): void {
    const { stable, at } = this.context;
    const pending = [...this.held].filter(([, { certificate }]) => certificate === undefined).sort(([a], [b]) => a - b);
    for (const [index, [sequence]] of pending.entries())
      if (sequence <= stable || index < pending.length - PENDING_MAX) this.held.delete(sequence);
    const older = this.stable().slice(0, -1);
    const pinned = older
      .filter(({ held: { askedAt } }) => askedAt !== undefined && at - askedAt < PINNED_MS)
      .sort((a, b) => (b.held.askedAt ?? 0) - (a.held.askedAt ?? 0))
      .slice(0, PINNED_MAX);
    for (const state of older) if (!pinned.includes(state)) this.held.delete(state.sequence);
  }
}
