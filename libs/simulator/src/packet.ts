import {
  checkContent,
  checkMembership,
  decodeFrame,
  decodePayload,
  encodeMessage,
  isRejection,
  reject,
  wireLimits,
  type Frame,
  type Rejection,
  type Signed,
  type ValidityContext,
  type Verified,
  type WireLimits,
} from '@concordat/protocol';

/** Bytes on their way, with what opening them gave: the same for every receiver, so it is done once. */
export interface Packet {
  readonly bytes: Uint8Array;
  frame: Frame | Rejection | undefined;
  opened: Verified | Rejection | undefined;
}

/** A message as it travels: its real wire layout. */
export const packetOf = (message: Signed): Packet => packetOfBytes(encodeMessage(message));

/** Bytes as they are, well-formed or not. */
export const packetOfBytes = (bytes: Uint8Array): Packet => ({ bytes, frame: undefined, opened: undefined });

/** Opens packets as a host does: size, layout, membership, then signature, payload and inner certificates. */
export class Opener {
  private readonly limits: WireLimits;
  /** Packets by their messages, sealed or opened: what is sent again, or passed on, is neither written nor read twice. */
  private readonly packets = new WeakMap<Signed, Packet>();

  constructor(private readonly validity: ValidityContext) {
    this.limits = wireLimits(validity.committee.table);
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

  /** Layout and membership: what is known before any signature is checked. */
  frame(packet: Packet): Frame | Rejection {
    if (packet.frame === undefined) {
      const frame = decodeFrame(packet.bytes, this.limits);
      const refused = isRejection(frame) ? frame : checkMembership(this.validity.committee, frame.statement);
      packet.frame = refused ?? frame;
    }
    return packet.frame;
  }

  /** The whole message, checked. */
  open(packet: Packet): Verified | Rejection {
    if (packet.opened === undefined) {
      packet.opened = this.check(packet);
      if (!isRejection(packet.opened)) this.packets.set(packet.opened, packet);
    }
    return packet.opened;
  }

  private check(packet: Packet): Verified | Rejection {
    const { validity, limits } = this;
    const frame = this.frame(packet);
    if (isRejection(frame)) return frame;
    if (!validity.verifyStatement(frame.statement, frame.signature)) {
      return reject('bad_signature', `${frame.statement.kind} of member ${String(frame.statement.sender)}`);
    }
    const message = decodePayload(validity.hash, frame, limits);
    if (isRejection(message)) return message;
    return checkContent(validity, message) ?? (message as Verified);
  }
}
