import {
  createBatch,
  NULL_DIGEST,
  seal,
  type Batch,
  type Digest,
  type PrePrepare,
  type Signed,
  type Verified,
} from '@concordat/protocol';
import type { Adversary, AdversaryTools } from '../adversary';
import { packetOf } from '../packet';

/** What stands in place of a proposal: the batch without the client's envelopes; undefined for the null batch. */
interface Censored {
  readonly digest: Digest;
  readonly batch: Batch | undefined;
}

/**
 * Orders everything but the requests of one client, and passes none of them on. To the others it is a leader like any other:
 * it votes for what it sends them.
 */
export class Censor implements Adversary {
  /** Key of the client: the first one that it hears of. */
  private victim: string | undefined;
  private readonly censored = new Map<Digest, Censored>();

  constructor(private readonly tools: AdversaryTools) {}

  divert(message: Signed): readonly Signed[] {
    const { sealer, self } = this.tools;
    if (message.sender !== self) return [message];
    switch (message.kind) {
      case 'prePrepare': {
        const instead = this.censor(message);
        if (instead === undefined) return [message];
        // Its COMMIT in advance: its own engine waits for a quorum that never comes.
        const { view, sequence } = message;
        const { digest } = instead;
        return [seal(sealer, { ...message, ...instead }), seal(sealer, { kind: 'commit', view, sequence, digest })];
      }
      case 'requests': {
        const envelopes = message.envelopes.filter(
          (envelope) => envelope.signerKey !== this.victimOf(envelope.signerKey),
        );
        if (envelopes.length === message.envelopes.length) return [message];
        return envelopes.length === 0 ? [] : [seal(sealer, { ...message, envelopes })];
      }
      default:
        return [message];
    }
  }

  /** Whoever lacks a censored batch is given it. */
  observe(message: Verified): void {
    if (message.kind !== 'fetch') return;
    for (const { digest, batch } of this.censored.values()) {
      if (batch === undefined || !message.batches.includes(digest)) continue;
      const supply = seal(this.tools.sealer, { kind: 'batch', view: message.view, sequence: message.sequence, batch });
      this.tools.transmit(message.sender, packetOf(supply));
    }
  }

  private censor({ digest, batch }: Signed<PrePrepare>): Censored | undefined {
    if (batch === undefined) return undefined;
    const known = this.censored.get(digest);
    if (known !== undefined) return known;
    const kept = batch.envelopes.filter((envelope) => envelope.signerKey !== this.victimOf(envelope.signerKey));
    if (kept.length === batch.envelopes.length) return undefined;
    const rest = kept.length === 0 ? undefined : createBatch(this.tools.hash, batch.time, kept);
    const instead = { digest: rest?.digest ?? NULL_DIGEST, batch: rest };
    this.censored.set(digest, instead);
    return instead;
  }

  private victimOf(signerKey: string): string {
    this.victim ??= signerKey;
    return this.victim;
  }
}
