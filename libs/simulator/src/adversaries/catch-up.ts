import {
  createBatch,
  NULL_DIGEST,
  seal,
  SLOT_FLAGS,
  type Batch,
  type DecidedSupply,
  type Digest,
  type EpochProof,
  type Millis,
  type Sequence,
  type Signed,
  type SnapshotOffer,
  type Status,
  type View,
} from '@concordat/protocol';
import type { Adversary, AdversaryTools } from '../adversary';

/**
 * Feeds members that are behind with bad data: claims one height and then a lower one, serves batches that are not the ones
 * that were asked for, and decisions, states and ends of epochs under certificates that do not hold.
 */
export class BadSupplier implements Adversary {
  private boasts = false;
  private readonly statuses = new Map<Digest, Signed>();

  constructor(private readonly tools: AdversaryTools) {}

  divert(message: Signed): readonly Signed[] {
    const { sealer, self } = this.tools;
    if (message.sender !== self) return [message];
    switch (message.kind) {
      case 'status':
        return [this.heightOf(message)];
      case 'batch':
        return [seal(sealer, { ...message, batch: this.another(message.batch) })];
      case 'decided':
        return [this.falsify(message)];
      case 'epochChange':
        return [this.usurp(message)];
      case 'snapshot':
        return [this.offer(message)];
      case 'chunk':
        return [seal(sealer, { ...message, bytes: message.bytes.map((byte, at) => (at === 0 ? byte ^ 1 : byte)) })];
      default:
        return [message];
    }
  }

  /** A next epoch whose table is another one, or whose certificate lacks signatures. */
  private usurp(message: Signed<EpochProof>): Signed {
    const { random, sealer } = this.tools;
    const { certificate, table } = message.change;
    const lacking = { ...certificate, signatures: certificate.signatures.slice(1) };
    const other = { ...table, clientsMax: table.clientsMax - 1 };
    const change = random.chance(0.5) ? { certificate: lacking, table } : { certificate, table: other };
    return seal(sealer, { ...message, change });
  }

  /** A state under a certificate that lacks signatures. */
  private offer(message: Signed<SnapshotOffer>): Signed {
    const { certificate } = message;
    return seal(this.tools.sealer, {
      ...message,
      certificate: { ...certificate, signatures: certificate.signatures.slice(1) },
    });
  }

  /** The same claim to everybody: far ahead, then back at the start, in turns. */
  private heightOf(message: Signed<Status>): Signed {
    let claim = this.statuses.get(message.digest);
    if (claim === undefined) {
      this.boasts = !this.boasts;
      const sequence = (this.boasts ? message.sequence + this.tools.random.between(1, 100) : 0) as Sequence;
      // It says to hold what it was asked for, and to lack nothing.
      const flags = SLOT_FLAGS.batch | SLOT_FLAGS.decided;
      const slots = message.slots.filter((slot) => slot.sequence > sequence).map((slot) => ({ ...slot, flags }));
      claim = seal(this.tools.sealer, { ...message, sequence, slots });
      this.statuses.set(message.digest, claim);
    }
    return claim;
  }

  private falsify(message: Signed<DecidedSupply>): Signed {
    const { random, sealer } = this.tools;
    const { batch, certificate } = message;
    const other = batch === undefined ? undefined : this.another(batch);
    switch (random.below(4)) {
      case 0:
        return seal(sealer, { ...message, batch: other });
      case 1:
        return seal(sealer, {
          ...message,
          certificate: { ...certificate, digest: other?.digest ?? NULL_DIGEST },
          batch: other,
        });
      case 2:
        return seal(sealer, {
          ...message,
          certificate: { ...certificate, signatures: certificate.signatures.slice(1) },
        });
      default: {
        const sequence = (certificate.sequence + 1) as Sequence;
        return seal(sealer, { ...message, sequence, certificate: { ...certificate, sequence } });
      }
    }
  }

  private another(batch: Batch): Batch {
    return createBatch(this.tools.hash, (batch.time + 1) as Millis, batch.envelopes);
  }
}

/**
 * Shows its proposals to all but the next leader, helps none of them to be decided, and names them in its VIEW-CHANGE; asked
 * for the batches, it says nothing.
 */
export class Hoarder implements Adversary {
  constructor(private readonly tools: AdversaryTools) {}

  divert(message: Signed, to: number): readonly Signed[] {
    const { committee, self } = this.tools;
    switch (message.kind) {
      case 'batch':
      case 'decided':
      case 'commit':
        return [];
      case 'prePrepare':
        return message.sender === self && to === committee.leaderOf((message.view + 1) as View) ? [] : [message];
      default:
        return [message];
    }
  }
}
