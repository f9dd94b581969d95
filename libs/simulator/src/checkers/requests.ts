import { OUTCOMES } from '@concordat/protocol';
import { type CommittedBlock } from '@concordat/consensus';
import type { Digest, Envelope, MemberIndex } from '@concordat/protocol';
import type { Blame, Checker } from '../watch';

interface Decided {
  readonly sequence: number;
  readonly envelope: Digest;
  readonly expiresAt: number;
}

/** Validity and exactly once: only what a client or gateway signed is executed, and no nonce twice. */
export class RequestsChecker implements Checker {
  private through = 0;
  private readonly decided = new Map<string, Decided>();
  private readonly ordered = new Set<Digest>();

  constructor(
    private readonly blame: Blame,
    private readonly isGenuine: (envelope: Envelope) => boolean,
  ) {}

  /** True once every request of the envelope has an outcome, be it through another envelope with its nonces. */
  hasOutcome(envelope: Envelope): boolean {
    if (this.ordered.has(envelope.id)) return true;
    return envelope.requests.every((_, index) => this.decided.has(nonceKey(envelope, index)));
  }

  /** Requests that were decided. */
  get decidedCount(): number {
    return this.decided.size;
  }

  executed(member: MemberIndex, block: CommittedBlock): void {
    const { sequence, batch, outcomes } = block;
    // What others executed at this sequence is the same, or the agreement checker says so.
    if (sequence !== this.through + 1) return;
    this.through = sequence;
    let place = 0;
    for (const envelope of batch?.envelopes ?? []) {
      if (!this.isGenuine(envelope)) {
        this.blame(
          'validity',
          member,
          `sequence ${String(sequence)} holds envelope ${envelope.id}, which nobody signed`,
        );
      }
      this.ordered.add(envelope.id);
      envelope.requests.forEach((_, index) => {
        if (outcomes[place++] === OUTCOMES.decided) this.decide(member, block, envelope, index);
      });
    }
    if (place !== outcomes.length) {
      this.blame(
        'validity',
        member,
        `${String(outcomes.length)} outcomes for ${String(place)} requests at ${String(sequence)}`,
      );
    }
  }

  private decide(member: MemberIndex, { sequence, logTime }: CommittedBlock, envelope: Envelope, index: number): void {
    const key = nonceKey(envelope, index);
    const earlier = this.decided.get(key);
    const expiresAt = envelope.requests[index]?.expiresAt ?? 0;
    // A client is forgotten after its last deadline: if it signs other content for an old nonce then, that is a new request.
    const forgotten =
      envelope.signer.kind === 'client' &&
      earlier !== undefined &&
      earlier.envelope !== envelope.id &&
      earlier.expiresAt < logTime;
    if (earlier !== undefined && !forgotten) {
      this.blame(
        'exactly-once',
        member,
        `${key} is decided at ${String(earlier.sequence)} and again at ${String(sequence)}`,
      );
    }
    this.decided.set(key, { sequence, envelope: envelope.id, expiresAt });
  }
}

const nonceKey = (envelope: Envelope, index: number): string =>
  `${envelope.signerKey}#${(envelope.firstNonce + BigInt(index)).toString()}`;
