import type { BindingKind, Effect } from '@concordat/consensus';
import { InvariantError, sequence, view, type DraftOf, type Signed, nodeId } from '@concordat/protocol';
import { askForView, batchOf, checkpointAt, digestOf, propose, sealAs, startView, voteFor } from './testing/messages';
import { VoteBook } from './vote-book';

type BindingDraft = DraftOf<BindingKind>;
const draftOf = (effect: Effect): BindingDraft => {
  if (effect.kind !== 'vote') throw new Error('no vote');
  return effect.draft;
};
const sealed = (effect: Effect): Signed => sealAs(draftOf(effect));

function seal(book: VoteBook, effect: Effect): void {
  book.check(draftOf(effect));
  book.record(sealed(effect));
}

const A = digestOf('a');
const B = digestOf('b');

const rows: { readonly name: string; readonly sealed: Effect[]; readonly next: Effect; readonly sound: boolean }[] = [
  { name: 'the same vote again', sealed: [voteFor('prepare', 5)], next: voteFor('prepare', 5), sound: true },
  {
    name: 'another digest',
    sealed: [voteFor('prepare', 5)],
    next: voteFor('prepare', 5, { content: B }),
    sound: false,
  },
  {
    name: 'another digest of another kind',
    sealed: [voteFor('prepare', 5)],
    next: voteFor('commit', 5, { content: B }),
    sound: true,
  },
  {
    name: 'another digest at another sequence',
    sealed: [voteFor('commit', 5)],
    next: voteFor('commit', 6, { content: B }),
    sound: true,
  },
  {
    name: 'another digest in a higher view',
    sealed: [voteFor('commit', 5)],
    next: voteFor('commit', 5, { inView: 1, content: B }),
    sound: true,
  },
  {
    name: 'the same digest in a lower view',
    sealed: [voteFor('commit', 5, { inView: 1 })],
    next: voteFor('commit', 5),
    sound: false,
  },
  { name: 'a second proposal', sealed: [propose(5, batchOf(1))], next: propose(5, batchOf(2)), sound: false },
  { name: 'the same CHECKPOINT', sealed: [checkpointAt(64)], next: checkpointAt(64), sound: true },
  { name: 'another CHECKPOINT', sealed: [checkpointAt(64)], next: checkpointAt(64, 'c'), sound: false },
  {
    name: 'a vote below an asked view',
    sealed: [askForView(2)],
    next: voteFor('commit', 5, { inView: 1 }),
    sound: false,
  },
  { name: 'a vote in an asked view', sealed: [askForView(2)], next: voteFor('commit', 5, { inView: 2 }), sound: true },
  { name: 'a VIEW-CHANGE below an asked view', sealed: [askForView(2)], next: askForView(1), sound: false },
  { name: 'the same VIEW-CHANGE', sealed: [askForView(2)], next: askForView(2), sound: true },
  { name: 'a NEW-VIEW below an asked view', sealed: [askForView(2)], next: startView(1), sound: false },
  {
    name: 'a vote below a started view',
    sealed: [startView(2)],
    next: voteFor('commit', 5, { inView: 1 }),
    sound: false,
  },
  { name: 'another NEW-VIEW', sealed: [startView(2, A)], next: startView(2, A, B), sound: false },
  {
    name: 'a proposal against a NEW-VIEW’s entry',
    sealed: [startView(2, A)],
    next: propose(1, batchOf(1), 2),
    sound: false,
  },
  { name: 'a NEW-VIEW against a proposal', sealed: [propose(1, batchOf(1), 2)], next: startView(2, A), sound: false },
  {
    name: 'a proposal above a NEW-VIEW’s entries',
    sealed: [startView(2, A)],
    next: propose(2, batchOf(1), 2),
    sound: true,
  },
  { name: 'a CHECKPOINT, whatever view was promised', sealed: [askForView(2)], next: checkpointAt(64), sound: true },
];

describe('the vote book', () => {
  it.each(rows)('$name: sound $sound', ({ sealed: before, next, sound }) => {
    const book = new VoteBook(100);
    for (const effect of before) seal(book, effect);
    if (sound) expect(() => seal(book, next)).not.toThrow();
    else expect(() => seal(book, next)).toThrow(InvariantError);
  });

  it.each(rows)('after a restart, $name: sound $sound', ({ sealed: before, next, sound }) => {
    const book = new VoteBook(100);
    for (const effect of before) book.recall(sealed(effect));
    if (sound) expect(() => seal(book, next)).not.toThrow();
    else expect(() => seal(book, next)).toThrow(InvariantError);
  });

  it('checks slot votes before they are sealed', () => {
    const book = new VoteBook(100);
    seal(book, voteFor('prepare', 5));
    expect(() => book.check(draftOf(voteFor('prepare', 5, { content: B })))).toThrow(InvariantError);
  });

  it('seals nothing below a view that was entered', () => {
    const book = new VoteBook(100);
    book.promise(view(3));
    expect(() => seal(book, voteFor('prepare', 5, { inView: 2 }))).toThrow(InvariantError);
    expect(() => seal(book, voteFor('prepare', 5, { inView: 3 }))).not.toThrow();
  });

  it('no longer lets be sealed what it forgets, and lets be sealed what cannot contradict it', () => {
    const book = new VoteBook(100);
    seal(book, voteFor('prepare', 5));
    seal(book, checkpointAt(64));
    book.forgetThrough(sequence(64));
    expect(() => seal(book, voteFor('prepare', 5))).toThrow(InvariantError);
    expect(() => seal(book, voteFor('prepare', 64))).toThrow(InvariantError);
    expect(() => seal(book, voteFor('prepare', 65))).not.toThrow();
    expect(() => seal(book, voteFor('prepare', 64, { inView: 1 }))).not.toThrow();
    expect(() => seal(book, checkpointAt(64))).not.toThrow();
    expect(() => seal(book, checkpointAt(64, 'c'))).toThrow(InvariantError);
    expect(() => seal(book, checkpointAt(63))).toThrow(InvariantError);
  });

  it('is bounded: beyond its bound it forgets the oldest, which then cannot be sealed', () => {
    const book = new VoteBook(2);
    for (const n of [5, 6, 7]) seal(book, voteFor('commit', n));
    expect(() => seal(book, voteFor('commit', 5, { content: B }))).toThrow(InvariantError);
    expect(() => seal(book, voteFor('commit', 6, { content: B }))).toThrow(InvariantError);
    expect(() => seal(book, voteFor('commit', 7))).not.toThrow();
    expect(() => seal(book, voteFor('commit', 8))).not.toThrow();
  });

  it('takes up votes that a log’s base repeats after newer ones, and refuses a log that contradicts itself', () => {
    const book = new VoteBook(100);
    for (const vote of [
      voteFor('commit', 5, { inView: 2, content: B }),
      askForView(3),
      askForView(2),
      voteFor('commit', 5),
    ]) {
      book.recall(sealed(vote));
    }
    expect(() => seal(book, voteFor('commit', 5, { inView: 2, content: B }))).toThrow(InvariantError);
    expect(() => book.recall(sealed(voteFor('commit', 5, { inView: 2 })))).toThrow(InvariantError);
  });

  it('knows only what binds', () => {
    const status = sealAs({
      kind: 'fetch',
      origin: nodeId('n1'),
      view: view(0),
      sequence: sequence(0),
      batches: [],
      viewChanges: [],
      envelopes: [],
      decided: undefined,
      snapshot: undefined,
    });
    expect(() => new VoteBook(1).record(status)).toThrow(TypeError);
    expect(() => new VoteBook(1).recall(status)).toThrow(TypeError);
  });
});
