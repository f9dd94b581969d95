import {
  seal,
  type Digest,
  type Draft,
  type Epoch,
  type Sealer,
  type Sequence,
  type Signed,
  type Statement,
  type View,
} from '@concordat/protocol';

/** One change to one message: what its own sender signs instead. */
export interface Mutation {
  /** Which field, and how. */
  readonly name: string;
  readonly make: (sealer: Sealer) => Signed;
}

/** What the run has shown before: from here replayed parts are taken. */
export interface Seen {
  /** Digests that were proposed, in order. */
  readonly digests: readonly Digest[];
  /** Every message so far, of all members. */
  readonly messages: readonly Signed[];
}

/** A change that is signed as it is. */
export const sealed = (name: string, draft: Draft): Mutation => ({ name, make: (sealer) => seal(sealer, draft) });

/** Values one above and one below; none below zero. */
export const neighbours = (value: number): number[] => [value + 1, ...(value > 0 ? [value - 1] : [])];

/** Every list that lacks one item. */
export const withoutOne = <T>(items: readonly T[]): T[][] =>
  items.map((_, left) => items.filter((_item, place) => place !== left));

/** What can be wrong with any message, whatever it says: its place, its epoch, its signature. */
export function* envelopeMutations(message: Signed): Generator<Mutation> {
  const { kind, epoch, view, sequence, digest, sender } = message;
  const statement: Statement = { kind, epoch, view, sequence, digest, sender };
  const later = (epoch + 1) as Epoch;
  for (const changed of neighbours(view)) {
    const moved: Signed = { ...message, view: changed as View };
    yield sealed(`view ${signOf(changed - view)}`, moved);
  }
  for (const changed of neighbours(sequence)) {
    const moved: Signed = { ...message, sequence: changed as Sequence };
    yield sealed(`sequence ${signOf(changed - sequence)}`, moved);
  }
  yield { name: 'another epoch', make: (sealer) => seal({ ...sealer, epoch: later }, message) };
  yield {
    name: 'signature of another epoch',
    make: (sealer) => ({ ...message, signature: sealer.sign({ ...statement, epoch: later }) }),
  };
  yield {
    name: 'signature of another sequence',
    make: (sealer) => ({
      ...message,
      signature: sealer.sign({ ...statement, sequence: (sequence + 1) as typeof sequence }),
    }),
  };
}

const signOf = (difference: number): string => (difference > 0 ? '+ 1' : '- 1');
