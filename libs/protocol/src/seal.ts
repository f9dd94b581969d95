import { checkpointDigest, type CheckpointContent } from './certificates';
import { encodePayload, payloadDigest } from './codec';
import type { Hash } from './hash';
import type { Epoch, MemberIndex, Sequence, View } from './ids';
import type { Content, ContentOf, MessageKind, NewViewEntry, Signed, Statement } from './messages';

type Unsealed<C> = C extends Content ? Omit<C, 'digest' | 'epoch' | 'sender'> : never;
type Digestible = 'prePrepare' | 'prepare' | 'commit' | 'proposal' | 'vote' | 'timeout';
type Vote = { [K in Digestible]: Unaddressed<ContentOf<K>> }[Digestible];
/** Kinds whose digest is a hash of the payload, and that need nothing else before they are signed. */
type Plain =
  | 'viewChange'
  | 'status'
  | 'fetch'
  | 'batch'
  | 'decided'
  | 'requests'
  | 'epochChange'
  | 'snapshot'
  | 'chunk'
  | 'syncInfo'
  | 'stable';
type Unaddressed<C> = Omit<C, 'epoch' | 'sender'>;

/** A CHECKPOINT before its digest is made. */
export interface CheckpointDraft {
  readonly kind: 'checkpoint';
  readonly sequence: Sequence;
  readonly content: CheckpointContent;
}

/** A NEW-VIEW before its leader signed the entries. */
export type NewViewDraft = Omit<Unsealed<ContentOf<'newView'>>, 'entries'> & {
  readonly entries: readonly Omit<NewViewEntry, 'signature'>[];
};

/**
 * What a member wants to say: everything that the pure core decides. Sender, epoch, digests of payloads and signatures
 * are added by `seal`, outside the core (architecture: signatures are made after the core).
 */
export type Draft = Vote | CheckpointDraft | NewViewDraft | Unsealed<ContentOf<Plain>>;

/** A Draft of one kind. */
export type DraftOf<K extends MessageKind> = Extract<Draft, { kind: K }>;

/** Who signs, and how. */
export interface Sealer {
  readonly hash: Hash;
  readonly epoch: Epoch;
  readonly sender: MemberIndex;
  readonly sign: (statement: Statement) => Uint8Array;
}

/** Completes and signs a draft. A NEW-VIEW's entries are signed first, each as the PRE-PREPARE that it is (Spec §3). */
export function seal(sealer: Sealer, draft: Draft): Signed {
  const content = complete(sealer, draft);
  return { ...content, signature: sealer.sign(content) };
}

function complete(sealer: Sealer, draft: Draft): Content {
  const { hash, epoch, sender } = sealer;
  switch (draft.kind) {
    case 'prePrepare':
    case 'prepare':
    case 'commit':
    case 'proposal':
    case 'vote':
    case 'timeout':
      return { ...draft, epoch, sender };
    case 'checkpoint':
      return {
        ...draft,
        epoch,
        sender,
        view: 0 as View,
        digest: checkpointDigest(hash, draft.sequence, draft.content),
      };
    case 'newView': {
      const entries = draft.entries.map(({ sequence, digest }) => ({
        sequence,
        digest,
        signature: sealer.sign({ kind: 'prePrepare', epoch, view: draft.view, sequence, digest, sender }),
      }));
      return withPayloadDigest(hash, { ...draft, entries, epoch, sender });
    }
    default:
      return withPayloadDigest(hash, { ...draft, epoch, sender });
  }
}

type Digested = ContentOf<Plain | 'newView'>;
type Undigested = Digested extends infer C ? (C extends Digested ? Omit<C, 'digest'> : never) : never;

function withPayloadDigest(hash: Hash, content: Undigested): Content {
  // A payload never contains its own digest, so a placeholder does not enter it.
  const shaped = { ...content, digest: '' } as Digested;
  return { ...shaped, digest: payloadDigest(hash, shaped, encodePayload(shaped)) };
}
