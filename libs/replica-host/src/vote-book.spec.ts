import type { Effect } from '@concordat/consensus';
import { InvariantError, sequence, view, type Signed, nodeId } from '@concordat/protocol';
import {
  askForView,
  batchOf,
  checkpointAt,
  digestOf,
  draftOf,
  giveUp,
  propose,
  proposeBlock,
  sealAs,
  startView,
  voteFor,
  voteForBlock,
} from './testing/messages';
import { VoteBook } from './vote-book';

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
  { name: 'the same block', sealed: [proposeBlock(5, 9)], next: proposeBlock(5, 9), sound: true },
  { name: 'another block', sealed: [proposeBlock(5, 9)], next: proposeBlock(5, 9, batchOf(1)), sound: false },
  { name: 'another block at another height', sealed: [proposeBlock(5, 9)], next: proposeBlock(5, 10), sound: false },
  { name: 'a block in a later view', sealed: [proposeBlock(5, 9)], next: proposeBlock(6, 9, batchOf(1)), sound: true },
  { name: 'a block in an earlier view', sealed: [proposeBlock(5, 9)], next: proposeBlock(4, 8), sound: false },
  { name: 'the same vote for a block', sealed: [voteForBlock(5, 9)], next: voteForBlock(5, 9), sound: true },
  { name: 'a vote for another block', sealed: [voteForBlock(5, 9)], next: voteForBlock(5, 9, B), sound: false },
  {
    name: 'a vote for another block at another height',
    sealed: [voteForBlock(5, 9)],
    next: voteForBlock(5, 10, B),
    sound: false,
  },
  {
    name: 'a vote in a later view, at a lower height',
    sealed: [voteForBlock(5, 9)],
    next: voteForBlock(6, 8, B),
    sound: true,
  },
  { name: 'a vote in an earlier view', sealed: [voteForBlock(5, 9)], next: voteForBlock(4, 8), sound: false },
  { name: 'the same TIMEOUT', sealed: [giveUp(5)], next: giveUp(5), sound: true },
  {
    name: 'a TIMEOUT that names another block',
    sealed: [giveUp(5)],
    next: giveUp(5, { view: view(4), digest: A }),
    sound: false,
  },
  { name: 'a TIMEOUT of a later view', sealed: [giveUp(5)], next: giveUp(6), sound: true },
  { name: 'a TIMEOUT of an earlier view', sealed: [giveUp(5)], next: giveUp(4), sound: false },
  { name: 'a TIMEOUT after a vote in its view', sealed: [voteForBlock(5, 9)], next: giveUp(5), sound: true },
  { name: 'a vote in a view that was given up', sealed: [giveUp(5)], next: voteForBlock(5, 9), sound: false },
  { name: 'a vote below a view that was given up', sealed: [giveUp(5)], next: voteForBlock(4, 9), sound: false },
  { name: 'a vote above a view that was given up', sealed: [giveUp(5)], next: voteForBlock(6, 9), sound: true },
  { name: 'a block in a view that was given up', sealed: [giveUp(5)], next: proposeBlock(5, 9), sound: false },
  { name: 'a block above a view that was given up', sealed: [giveUp(5)], next: proposeBlock(6, 9), sound: true },
  {
    name: 'the vote that was sealed before its view was given up',
    sealed: [voteForBlock(5, 9), giveUp(5)],
    next: voteForBlock(5, 9),
    sound: true,
  },
  {
    name: 'another vote than the one before the view was given up',
    sealed: [voteForBlock(5, 9), giveUp(5)],
    next: voteForBlock(5, 9, B),
    sound: false,
  },
  {
    name: 'a block on its own vote in that view',
    sealed: [voteForBlock(5, 9)],
    next: proposeBlock(5, 10),
    sound: true,
  },
  { name: 'a CHECKPOINT, whatever view was given up', sealed: [giveUp(5)], next: checkpointAt(64), sound: true },
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

  it('keeps what binds for a view however much is stable, and seals it again', () => {
    const book = new VoteBook(1);
    for (const effect of [proposeBlock(5, 9), voteForBlock(5, 9), giveUp(5)]) seal(book, effect);
    book.forgetThrough(sequence(64));
    for (const effect of [proposeBlock(5, 9), voteForBlock(5, 9), giveUp(5)])
      expect(() => seal(book, effect)).not.toThrow();
    for (const effect of [proposeBlock(5, 70), voteForBlock(5, 70, B), giveUp(5, { view: view(4), digest: A })])
      expect(() => seal(book, effect)).toThrow(InvariantError);
  });

  it('takes up the newest of each, in whatever order a log has them', () => {
    const book = new VoteBook(100);
    for (const effect of [giveUp(5), voteForBlock(5, 9), voteForBlock(3, 7), giveUp(2), voteForBlock(5, 9)])
      book.recall(sealed(effect));
    expect(() => seal(book, voteForBlock(5, 9))).not.toThrow();
    expect(() => seal(book, voteForBlock(4, 9))).toThrow(InvariantError);
    expect(() => seal(book, proposeBlock(5, 9))).toThrow(InvariantError);
    expect(() => seal(book, giveUp(4))).toThrow(InvariantError);
  });

  it.each([
    { name: 'blocks', first: proposeBlock(5, 9), second: proposeBlock(5, 10) },
    { name: 'votes', first: voteForBlock(5, 9), second: voteForBlock(5, 10, B) },
    { name: 'TIMEOUTs', first: giveUp(5), second: giveUp(5, { view: view(4), digest: A }) },
  ])('refuses a log with two $name of one view', ({ first, second }) => {
    const book = new VoteBook(100);
    book.recall(sealed(first));
    expect(() => book.recall(sealed(second))).toThrow(InvariantError);
  });

  it('checks votes of the linear engine before they are sealed', () => {
    const book = new VoteBook(100);
    seal(book, voteForBlock(5, 9));
    expect(() => book.check(draftOf(voteForBlock(5, 9, B)))).toThrow(InvariantError);
    seal(book, giveUp(6));
    expect(() => book.check(draftOf(voteForBlock(6, 10)))).toThrow(InvariantError);
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
