import { type Evidence } from '@concordat/consensus';
import { nativeHash } from '@concordat/crypto';
import { ApiError } from '@concordat/nats';
import { type MessageKind, purposeDigest, toBase64Url } from '@concordat/protocol';
import { encodeEvidence } from '@concordat/records';
import { Inject, Injectable } from '@nestjs/common';
import { type EvidenceInput } from './evidence-schemas';
import { MEMBER, type MemberPort } from './member-port';

/** One proof in the list. */
export interface EvidenceEntry {
  /** `H(evidence, proof)`: the same wherever these bytes are on record. */
  readonly id: string;
  /** Who is proven Byzantine, by the table of the epoch that the proof is about. */
  readonly node_id: string;
  readonly kind: Evidence['kind'];
  /** Kind of the contradictory messages. */
  readonly message: MessageKind;
  /** Isolates in this epoch and the next. */
  readonly epoch: number;
  readonly view: number;
  readonly sequence: number;
  /** Length of the proof. */
  readonly bytes: number;
}

/** Answer for the list. */
export interface EvidenceAnswer {
  readonly evidence: readonly EvidenceEntry[];
  /** `after` of the next page; null on the last. */
  readonly next: string | null;
}

/** Answer for one proof. */
export interface ProofAnswer extends EvidenceEntry {
  readonly swarm_id: string;
  /** Base64url: as `proof` of an isolate operation takes it (Spec §8). */
  readonly proof: string;
}

interface Kept {
  readonly entry: EvidenceEntry;
  readonly proof: Uint8Array;
}

/** Proofs of misbehaviour that this member has on record (Spec §8): the same for every transport. */
@Injectable()
export class EvidenceApi {
  /** A proof never changes, and may be large. */
  private readonly known = new WeakMap<Evidence, Kept>();

  constructor(@Inject(MEMBER) private readonly member: MemberPort) {}

  /** The proofs, ascending by id, at most `limit` of them. */
  list({ after, limit, node_id: accused }: EvidenceInput): EvidenceAnswer {
    const found = this.all()
      .map(({ entry }) => entry)
      .filter(({ id, node_id: node }) => (after === undefined || id > after) && (accused ?? node) === node)
      .sort((a, b) => (a.id < b.id ? -1 : 1));
    const page = found.slice(0, limit);
    return { evidence: page, next: found.length > limit ? (page.at(-1)?.id ?? null) : null };
  }

  /** One proof. Throws an ApiError when it is not on record here. */
  get(id: string): ProofAnswer {
    const kept = this.all().find(({ entry }) => entry.id === id);
    if (kept === undefined)
      throw new ApiError(404, 'UNKNOWN_EVIDENCE', `no proof ${id} is on record here`, [
        { field: 'id', message: 'is not on record here' },
      ]);
    return { ...kept.entry, swarm_id: this.member.swarmId, proof: toBase64Url(kept.proof) };
  }

  private all(): Kept[] {
    return this.member.evidence().map((evidence) => {
      const kept = this.known.get(evidence) ?? this.read(evidence);
      this.known.set(evidence, kept);
      return kept;
    });
  }

  private read(evidence: Evidence): Kept {
    const proof = encodeEvidence(evidence);
    const {
      kind: message,
      epoch,
      view,
      sequence,
    } = evidence.kind === 'equivocation' ? evidence.first.statement : evidence.newView;
    const accused = this.member.epochs.of(epoch)?.member(evidence.accused);
    const id = purposeDigest(nativeHash, 'evidence', proof);
    const node = accused?.nodeId ?? '';
    return {
      entry: { id, node_id: node, kind: evidence.kind, message, epoch, view, sequence, bytes: proof.length },
      proof,
    };
  }
}
