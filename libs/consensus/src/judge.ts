import type { Epoch, Epochs, NodeId } from '@concordat/protocol';

/**
 * What the replicated state must judge and the core cannot compute itself. Pure functions of their arguments: the same on
 * every member, or their states would part.
 */
export interface Judge {
  /** True when the signature over the bytes was made with that key. */
  readonly verify: (publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array) => boolean;
  /** True when the bytes prove that the accused contradicted itself (Spec §8), in the `current` epoch or in the one before. */
  readonly proves: (epochs: Epochs, current: Epoch, proof: Uint8Array, accused: NodeId) => boolean;
}
