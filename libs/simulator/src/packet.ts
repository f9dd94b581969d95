import {
  BROKER_PAYLOAD_BYTES,
  checkContent,
  committeeOf,
  decodeFrame,
  decodePayload,
  encodeMessage,
  Epochs,
  isRejection,
  provesItself,
  reject,
  wireLimits,
  type Committee,
  type EpochTable,
  type Frame,
  type Hash,
  type Rejection,
  type Signed,
  type Statement,
  type ValidityContext,
  type Verified,
  type WireLimits,
} from '@concordat/protocol';
import type { StubSignatures } from './stub-keys';

/** Bytes on their way, with what opening them gave: the same for every receiver that knows the same, so it is done once. */
export interface Packet {
  readonly bytes: Uint8Array;
  frame: Frame | Rejection | undefined;
  /** By which eyes it was opened last, and what they saw. */
  eyes: Eyes | undefined;
  opened: Verified | Rejection | undefined;
}

/** A message as it travels: its real wire layout. */
export const packetOf = (message: Signed): Packet => packetOfBytes(encodeMessage(message));

/** Bytes as they are, well-formed or not. */
export const packetOfBytes = (bytes: Uint8Array): Packet => ({
  bytes,
  frame: undefined,
  eyes: undefined,
  opened: undefined,
});

/** What a node in some epoch, which knows so many epochs, judges messages by. */
export interface Eyes {
  readonly context: ValidityContext;
  /** Of the epoch that it is in. */
  readonly limits: WireLimits;
}

/** Opens packets as a host does: size, layout, membership, then signature, payload and inner certificates. */
export class Opener {
  /** By the tables of a node's epoch and of the newest that it knows: the whole chain follows from that. */
  private readonly eyes = new Map<string, Eyes>();
  /** Packets by their messages, sealed or opened: what is sent again, or passed on, is neither written nor read twice. */
  private readonly packets = new WeakMap<Signed, Packet>();

  private readonly widest: WireLimits;

  constructor(
    private readonly hash: Hash,
    genesis: EpochTable,
    private readonly signatures: StubSignatures,
  ) {
    // Whatever a broker carries is read; each receiver's own bounds come after.
    this.widest = { ...wireLimits(genesis), messageBytesMax: BROKER_PAYLOAD_BYTES };
  }

  /** The packet that carries a message. */
  packetOf(message: Signed): Packet {
    let packet = this.packets.get(message);
    if (packet === undefined) {
      packet = packetOf(message);
      this.packets.set(message, packet);
    }
    return packet;
  }

  /** What a node sees by that is in the epoch of `committee` and knows `epochs`, as they are now. */
  eyesOf(epochs: Epochs, committee: Committee): Eyes {
    const key = `${committee.hash}${epochs.newest.hash}`;
    let eyes = this.eyes.get(key);
    if (eyes === undefined) {
      const { hash, signatures } = this;
      // A copy: the node's own goes on learning.
      const known = new Epochs(hash, epochs.all[0]?.table ?? committee.table);
      for (const change of epochs.changesUpTo(epochs.newest.epoch)) known.add(change);
      const own = known.of(committee.epoch) ?? committee;
      const context: ValidityContext = {
        committee: own,
        epochs: known,
        hash,
        verifyStatement: signatures.verifierIn(known),
        verifyEnvelope: (envelope) => signatures.verifyEnvelopeIn(own, envelope),
      };
      eyes = { context, limits: wireLimits(own.table) };
      this.eyes.set(key, eyes);
    }
    return eyes;
  }

  /** Layout: what is known before anybody looks closer. */
  frame(packet: Packet): Frame | Rejection {
    packet.frame ??= decodeFrame(packet.bytes, this.widest);
    return packet.frame;
  }

  /** The whole message, checked; `admit` has its say before any signature is checked. */
  open(packet: Packet, eyes: Eyes, admit: (statement: Statement) => Rejection | undefined): Verified | Rejection {
    const frame = this.frame(packet);
    if (isRejection(frame)) return frame;
    const { context } = eyes;
    const refused = committeeOf(context.epochs, context.committee, frame.statement);
    if (isRejection(refused)) return refused;
    const unwanted = admit(frame.statement);
    if (unwanted !== undefined) return unwanted;
    if (packet.opened === undefined || packet.eyes !== eyes) {
      packet.opened = this.check(packet.bytes, eyes);
      packet.eyes = eyes;
      if (!isRejection(packet.opened)) this.packets.set(packet.opened, packet);
    }
    return packet.opened;
  }

  private check(bytes: Uint8Array, { context, limits }: Eyes): Verified | Rejection {
    const { epochs, committee, verifyStatement } = context;
    const frame = decodeFrame(bytes, epochs.limits);
    if (isRejection(frame)) return frame;
    const { statement, signature } = frame;
    if (!provesItself(statement) && !verifyStatement(statement, signature))
      return reject('bad_signature', `${statement.kind} of member ${String(statement.sender)}`);
    const message = decodePayload(this.hash, frame, statement.epoch === committee.epoch ? limits : epochs.limits);
    if (isRejection(message)) return message;
    return checkContent(context, message) ?? (message as Verified);
  }
}
