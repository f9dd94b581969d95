import {
  createBatch,
  NULL_DIGEST,
  seal,
  type Batch,
  type Digest,
  type MemberIndex,
  type Millis,
  type PrePrepare,
  type Signed,
  type Verified,
} from '@concordat/protocol';
import { othersOf, type Adversary, type AdversaryTools } from '../adversary';
import { packetOf } from '../packet';

/**
 * Two batches for one slot: one for each half of the others, with matching votes of its own, so that each half sees an
 * honest leader. Whoever asks for either batch gets it.
 */
export class EquivocatingLeader implements Adversary {
  private readonly twins = new Map<Digest, Batch>();
  private readonly deceived: ReadonlySet<MemberIndex>;
  /** A member that is shown both, and so holds the proof. */
  private readonly witness: MemberIndex | undefined;

  constructor(private readonly tools: AdversaryTools) {
    const others = tools.random.shuffled(othersOf(tools));
    this.deceived = new Set(others.slice(0, Math.ceil(others.length / 2)));
    this.witness = tools.random.chance(0.5) ? others[0] : undefined;
  }

  divert(message: Signed, to: MemberIndex): readonly Signed[] {
    if (message.kind === 'prePrepare' && message.batch !== undefined) {
      const twin = this.twinOf(message, message.batch);
      if (!this.deceived.has(to)) return [message];
      const deceit = [this.propose(message, twin), this.vote(message, twin.digest)];
      return to === this.witness ? [...deceit, message] : deceit;
    }
    if (message.kind === 'commit' && this.deceived.has(to)) {
      const twin = this.twins.get(message.digest);
      if (twin !== undefined)
        return [seal(this.tools.sealer, { ...voteOf(message), kind: 'commit', digest: twin.digest })];
    }
    return [message];
  }

  observe(message: Verified): void {
    if (message.kind !== 'fetch') return;
    for (const batch of this.twins.values()) {
      if (!message.batches.includes(batch.digest)) continue;
      const supply = seal(this.tools.sealer, { kind: 'batch', view: message.view, sequence: message.sequence, batch });
      this.tools.transmit(message.sender, packetOf(supply));
    }
  }

  private twinOf(message: Signed<PrePrepare>, batch: Batch): Batch {
    let twin = this.twins.get(message.digest);
    if (twin === undefined) {
      twin = createBatch(this.tools.hash, (batch.time + 1) as Millis, [...batch.envelopes].reverse());
      this.twins.set(message.digest, twin);
    }
    return twin;
  }

  private propose(message: Signed<PrePrepare>, batch: Batch): Signed {
    return seal(this.tools.sealer, { ...voteOf(message), kind: 'prePrepare', digest: batch.digest, batch });
  }

  /** Its COMMIT in advance: a liar need not wait for a quorum. */
  private vote(message: Signed, digest: Digest): Signed {
    return seal(this.tools.sealer, { ...voteOf(message), kind: 'commit', digest });
  }
}

const voteOf = ({ view, sequence }: Signed): Pick<Signed, 'view' | 'sequence'> => ({ view, sequence });

/** Votes for everything that anybody proposes, and for nothing at all: PREPARE and COMMIT for every digest that it hears of. */
export class DoubleVoter implements Adversary {
  /** Digests by "view sequence". */
  private readonly heard = new Map<string, Set<Digest>>();

  constructor(private readonly tools: AdversaryTools) {}

  divert(message: Signed, to: MemberIndex): readonly Signed[] {
    if (message.kind !== 'prepare' && message.kind !== 'commit') return [message];
    const others = [...this.digestsAt(message)].filter((digest) => digest !== message.digest);
    const votes = others.map((digest) => seal(this.tools.sealer, { ...voteOf(message), kind: message.kind, digest }));
    // Each half hears the two votes in another order, so that each counts another one.
    return to % 2 === 0 ? [message, ...votes] : [...votes, message];
  }

  observe(message: Verified): void {
    if (message.kind !== 'prePrepare' && message.kind !== 'prepare') return;
    const known = this.digestsAt(message);
    if (known.has(message.digest)) return;
    known.add(message.digest);
    for (const to of othersOf(this.tools)) {
      for (const kind of ['prepare', 'commit'] as const) {
        const leads = this.tools.committee.leaderOf(message.view) === this.tools.self;
        if (kind === 'prepare' && leads) continue;
        this.tools.transmit(
          to,
          packetOf(seal(this.tools.sealer, { ...voteOf(message), kind, digest: message.digest })),
        );
      }
    }
  }

  private digestsAt({ view, sequence }: Signed): Set<Digest> {
    const key = `${String(view)} ${String(sequence)}`;
    let digests = this.heard.get(key);
    if (digests === undefined) {
      digests = new Set([NULL_DIGEST]);
      this.heard.set(key, digests);
    }
    return digests;
  }
}
