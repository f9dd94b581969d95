import type { CommittedBlock, DurableRecord } from '@concordat/consensus';
import {
  createBatch,
  NULL_DIGEST,
  rootOf,
  seal,
  timeoutDigest,
  type Batch,
  type CommitChain,
  type MemberIndex,
  type Millis,
  type Proposal,
  type QuorumCertificate,
  type Sequence,
  type Signed,
  type View,
} from '@concordat/protocol';
import { propose, voteFor } from '../adversaries/linear/blocks';
import type { Append } from '../append';
import { CALM, Cluster, quickHash } from '../index';
import { BlockIndex } from './blocks';
import { CertificatesChecker } from './certificates';
import { DurabilityChecker } from './durability';
import { LinearChecker } from './linear';
import { PromisesChecker } from './promises';

const { committee, signatures, history } = new Cluster(1, { ...CALM, engine: 'hotstuff' });
const ROOT = rootOf(quickHash, committee);
const member = (index: number): MemberIndex => index as MemberIndex;
const penOf = (index: number) => ({ committee, hash: quickHash, sealer: signatures.sealerOf(member(index)) });
const BATCH = createBatch(quickHash, 1 as Millis, []);

const voteOf = (index: number, block: Proposal): Signed => voteFor(penOf(index), block);

function certify({ view, sequence, digest }: Proposal, ...signers: number[]): QuorumCertificate {
  const votes = (signers.length === 0 ? [0, 1, 2] : signers).map((index) =>
    voteOf(index, { view, sequence, digest } as Proposal),
  );
  return { view, sequence, digest, signatures: votes.map(({ sender, signature }) => ({ sender, signature })) };
}

/** A block of a view's leader on another one; on the root without one. */
function blockOn(parent: Proposal | undefined, view: number, batch?: Batch): Signed<Proposal> {
  const justify = parent === undefined ? undefined : certify(parent);
  return propose(penOf(committee.leaderOf(view as View)), view as View, { justify, timeouts: undefined }, batch);
}

/** Blocks in consecutive views on the root. */
function row(length: number): Signed<Proposal>[] {
  const blocks: Signed<Proposal>[] = [];
  for (let view = 1; view <= length; view++) blocks.push(blockOn(blocks.at(-1), view));
  return blocks;
}

function timeoutOf(index: number, view: number, highest?: Proposal): Signed {
  const of = { view: highest?.view ?? ROOT.view, digest: highest?.digest ?? ROOT.digest };
  const justify = highest === undefined ? undefined : certify(highest);
  const place = { kind: 'timeout', view: view as View, sequence: 0 as Sequence } as const;
  return seal(penOf(index).sealer, {
    ...place,
    digest: timeoutDigest(quickHash, of),
    highest: of,
    justify,
    timeouts: undefined,
  });
}

const append = (kept: Append['kept']): Append => ({ kept, bytes: new Uint8Array(0) });
const voted = (message: Signed): Append => append({ kind: 'vote', message });
const record = (kept: DurableRecord): Append => append({ kind: 'record', record: kept });

/** What is decided when the last of these blocks is certified: the first one. */
function decisionOf(blocks: readonly Proposal[], ...signers: number[]): CommittedBlock {
  const [first, ...above] = blocks;
  const last = blocks.at(-1);
  if (first === undefined || last === undefined) throw new RangeError('no block');
  const { view, sequence, batchDigest, parent, batch } = first;
  const chain: CommitChain = { parent, above: above.map((block) => ({ view: block.view, batch: block.batchDigest })) };
  const { signatures: votes } = certify(last, ...signers);
  return {
    sequence,
    batch,
    certificate: { view, sequence, digest: batchDigest, signatures: votes, chain },
    logTime: 1 as Millis,
    outcomes: new Uint8Array(0),
    headDigest: batchDigest,
    changes: [],
  };
}

type Blame = (rule: string) => void;

/** Names of the rules that a story breaks. */
function broken(story: (blame: Blame) => void): string[] {
  const rules: string[] = [];
  story((rule) => void rules.push(rule));
  return rules;
}

describe('LinearChecker', () => {
  const tell = (known: readonly Proposal[], story: (checker: LinearChecker) => void, faulty: number[] = []): string[] =>
    broken((blame) => {
      const index = new BlockIndex();
      for (const block of known) index.received(member(0), block as Signed<Proposal>);
      const checker = new LinearChecker(blame, quickHash, history, index, (node) => !faulty.includes(node));
      for (const node of [0, 1, 2, 3]) checker.began(member(node), { committee, self: member(node) });
      story(checker);
    });
  const [a, b, c, d] = row(4) as [Signed<Proposal>, Signed<Proposal>, Signed<Proposal>, Signed<Proposal>];
  /** Against what a vote for c locks its voter on. */
  const rival = blockOn(undefined, 4, BATCH);
  const durably = (checker: LinearChecker, index: number, block: Proposal): void => {
    const message = voteOf(index, block);
    checker.sealed(member(index), message);
    checker.durable(member(index), [voted(message)]);
  };

  it('lets through votes for a row of blocks', () => {
    expect(tell([a, b, c, d], (checker) => [a, b, c, d].forEach((block) => durably(checker, 1, block)))).toEqual([]);
  });

  it('sees a vote for a block that nobody proposed, or under another height', () => {
    expect(tell([a], (checker) => checker.sealed(member(1), voteOf(1, b)))).toEqual(['lock']);
    const higher = { ...a, sequence: 2 as Sequence };
    expect(tell([a], (checker) => checker.sealed(member(1), voteOf(1, higher)))).toEqual(['lock']);
  });

  it('sees a vote against the lock, across crashes too', () => {
    const story = (isKept: boolean) =>
      tell([a, b, c, rival], (checker) => {
        checker.sealed(member(1), voteOf(1, c));
        if (isKept) checker.durable(member(1), [voted(voteOf(1, c))]);
        checker.stopped(member(1));
        checker.sealed(member(1), voteOf(1, rival));
      });
    expect(story(true)).toEqual(['lock']);
    // What was lost bound nobody.
    expect(story(false)).toEqual([]);
  });

  it('lets go of a lock for a newer certificate, and holds on to a decision', () => {
    const newer = blockOn(undefined, 2, BATCH);
    const onNewer = blockOn(newer, 5);
    expect(
      tell([a, b, c, newer, onNewer], (checker) => {
        durably(checker, 1, c);
        checker.sealed(member(1), voteOf(1, onNewer));
      }),
    ).toEqual([]);
    // What is decided holds faster than what was locked: a newer certificate than the old lock's does not do any more.
    const [p, q, r] = [blockOn(undefined, 5), blockOn(blockOn(undefined, 5), 6), blockOn(blockOn(undefined, 5), 7)];
    const beside = blockOn(rival, 8);
    const held = (isDecided: boolean) =>
      tell([a, b, c, d, p, q, r, rival, beside], (checker) => {
        durably(checker, 1, d);
        if (isDecided) checker.executed(member(1), decisionOf([p, q, r]));
        checker.sealed(member(1), voteOf(1, beside));
      });
    expect(held(false)).toEqual([]);
    expect(held(true)).toEqual(['lock']);
  });

  it('sees two blocks of one view that could both be certified', () => {
    const twin = blockOn(undefined, 1, BATCH);
    const story = (faulty: number[], first: number[], second: number[]) =>
      tell(
        [a, twin],
        (checker) => {
          for (const index of first) durably(checker, index, a);
          for (const index of second) durably(checker, index, twin);
        },
        faulty,
      );
    expect(story([], [0, 1, 2], [0, 1, 2])).toEqual(['two-quorums']);
    expect(story([2, 3], [0], [1])).toEqual(['two-quorums']);
    expect(story([3], [0, 1], [2])).toEqual([]);
  });

  it('sees leaders out of turn, votes that go elsewhere, and a TIMEOUT that hides a certificate', () => {
    const stranger = propose(penOf(3), 1 as View, { justify: undefined, timeouts: undefined }, undefined);
    expect(tell([], (checker) => checker.sealed(member(3), stranger))).toEqual(['leader']);
    expect(tell([], (checker) => checker.sealed(committee.leaderOf(1 as View), a))).toEqual([]);
    const next = committee.leaderOf((a.view + 1) as View);
    const [other] = committee.indexesInOrder.filter((index) => index !== next && index !== 3);
    expect(tell([a], (checker) => checker.sent(member(3), next, voteOf(3, a)))).toEqual([]);
    expect(tell([a], (checker) => checker.sent(member(3), other ?? next, voteOf(3, a)))).toEqual(['vote-path']);
    const after = (highest: Proposal | undefined) =>
      tell([a, b, c], (checker) => {
        durably(checker, 1, c);
        checker.sealed(member(1), timeoutOf(1, 4, highest));
      });
    expect(after(a)).toEqual(['hidden-certificate']);
    expect(after(b)).toEqual([]);
  });

  it('sees two blocks decided at one height', () => {
    const other = blockOn(undefined, 2);
    const story = (second: CommittedBlock) =>
      tell([], (checker) => {
        checker.executed(member(1), decisionOf([a, b, c]));
        checker.executed(member(2), second);
      });
    // Both order nothing: only the blocks differ.
    expect(story(decisionOf([other, blockOn(other, 3), blockOn(blockOn(other, 3), 4)]))).toEqual(['agreement']);
    expect(story(decisionOf([a, b, c]))).toEqual([]);
  });
});

describe('CertificatesChecker, of the linear engine', () => {
  const check = (story: (checker: CertificatesChecker) => void): string[] =>
    broken((blame) =>
      story(new CertificatesChecker(blame, history, quickHash, (...vote) => signatures.verifyStatement(...vote))),
    );
  const [a, b, c] = row(3) as [Signed<Proposal>, Signed<Proposal>, Signed<Proposal>];
  const late = blockOn(b, 4);
  const decide = (block: CommittedBlock) => check((checker) => checker.executed(member(1), block));

  it('holds by three blocks in a row, however many stand below them', () => {
    expect(decide(decisionOf([a, b, c]))).toEqual([]);
    expect(decide(decisionOf([a, b, late, blockOn(late, 5), blockOn(blockOn(late, 5), 6)]))).toEqual([]);
  });

  it.each([
    { name: 'two votes', block: decisionOf([a, b, c], 0, 1) },
    { name: 'one vote twice', block: decisionOf([a, b, c], 0, 1, 1) },
    { name: 'two blocks', block: decisionOf([a, b]) },
    { name: 'a view between', block: decisionOf([a, b, late]) },
    { name: 'votes for another block', block: decisionOf([a, b, { ...c, batchDigest: BATCH.digest }]) },
  ])('is none by $name', ({ block }) => expect(decide(block)).toEqual(['certificate']));

  it('is checked where a block or a TIMEOUT rests on one', () => {
    const weak = propose(penOf(1), 2 as View, { justify: certify(a, 0, 1), timeouts: undefined }, undefined);
    const leap = propose(penOf(1), 3 as View, { justify: certify(a), timeouts: undefined }, undefined);
    const ends = [0, 1, 2].map((index) => timeoutOf(index, 2, a));
    const given = (of: readonly Signed[]) => ({
      view: 2 as View,
      timeouts: of.flatMap((message) =>
        message.kind === 'timeout'
          ? [{ sender: message.sender, highest: message.highest, signature: message.signature }]
          : [],
      ),
    });
    const onEnd = (of: readonly Signed[], justify: QuorumCertificate | undefined) =>
      propose(penOf(1), 3 as View, { justify, timeouts: given(of) }, undefined);
    const kept = (message: Signed<Proposal>) =>
      check((checker) => checker.durable(member(1), [record({ kind: 'proposal', message })]));
    expect(kept(b)).toEqual([]);
    expect(kept(weak)).toEqual(['certificate']);
    expect(kept(leap)).toEqual(['view-proof']);
    expect(kept(onEnd(ends, certify(a)))).toEqual([]);
    expect(kept(onEnd(ends.slice(1), certify(a)))).toEqual(['certificate']);
    // Older than what those knew who gave the view up.
    expect(kept(onEnd(ends, undefined))).toEqual(['view-proof']);
  });
});

describe('DurabilityChecker, of the linear engine', () => {
  const [a, b, c] = row(3) as [Signed<Proposal>, Signed<Proposal>, Signed<Proposal>];
  const lock = (view: number): Append =>
    record({ kind: 'lock', epoch: committee.epoch, locked: { view: view as View, digest: a.digest } });
  const tell = (story: (checker: DurabilityChecker) => void): string[] =>
    broken((blame) => {
      const index = new BlockIndex();
      for (const block of [a, b, c]) index.received(member(0), block);
      story(new DurabilityChecker(blame, () => true, history, quickHash, index));
    });

  it.each([
    { name: 'nothing', kept: [], rules: ['durable-content'] },
    { name: 'its block alone', kept: [record({ kind: 'proposal', message: c })], rules: ['durable-content'] },
    { name: 'what it locks alone', kept: [lock(1)], rules: ['durable-content'] },
    { name: 'both', kept: [record({ kind: 'proposal', message: c }), lock(1)], rules: [] },
    { name: 'its own block, and the lock', kept: [voted(c), lock(1)], rules: [] },
  ])('a vote leaves with $name durable', ({ kept, rules }) => {
    const found = tell((checker) => {
      checker.durable(member(1), kept);
      checker.sent(member(1), member(2), voteOf(1, c));
    });
    expect(found).toEqual(rules);
  });

  it('a block whose batch is missing is not kept', () => {
    const full = blockOn(undefined, 1, BATCH);
    const found = tell((checker) => {
      checker.durable(member(1), [record({ kind: 'proposal', message: { ...full, batch: undefined } })]);
      checker.sent(member(1), member(2), voteOf(1, full));
    });
    expect(found).toEqual(['durable-content']);
  });

  it('what is acknowledged is kept by a quorum', () => {
    const keptBy = (...holders: number[]) =>
      tell((checker) => {
        for (const index of holders) checker.durable(member(index), [record({ kind: 'proposal', message: a })]);
        checker.acknowledged(member(0), decisionOf([a, b, c]));
      });
    expect(keptBy(0, 1, 2)).toEqual([]);
    expect(keptBy(0, 1)).toEqual(['acknowledged']);
  });
});

describe('PromisesChecker, of the linear engine', () => {
  const [a, b] = row(2) as [Signed<Proposal>, Signed<Proposal>];
  const twin = blockOn(undefined, 2, BATCH);
  const tell = (...said: (Signed | 'crash')[]): string[] =>
    broken((blame) => {
      const checker = new PromisesChecker(blame, history);
      checker.began(member(1), { committee, self: member(1) });
      for (const message of said) {
        if (message === 'crash') checker.stopped(member(1));
        else {
          checker.sealed(member(1), message);
          checker.durable(member(1), [voted(message)]);
        }
      }
    });

  it.each([
    { name: 'votes that ascend', said: [voteOf(1, a), voteOf(1, b)], rules: [] },
    { name: 'a vote below another one', said: [voteOf(1, b), 'crash', voteOf(1, a)], rules: ['promised-view'] },
    // Of other heights: one view, one vote.
    { name: 'two votes in a view', said: [voteOf(1, b), voteOf(1, twin)], rules: ['one-vote'] },
    { name: 'two blocks in a view', said: [b, 'crash', twin], rules: ['one-vote'] },
    { name: 'a vote, and then the view given up', said: [voteOf(1, a), timeoutOf(1, 1)], rules: [] },
    {
      name: 'a vote in a view that was given up',
      said: [timeoutOf(1, 1), 'crash', voteOf(1, a)],
      rules: ['promised-view'],
    },
    { name: 'a block in a view that was given up', said: [timeoutOf(1, 2), b], rules: ['promised-view'] },
    { name: 'a vote in the view after it', said: [timeoutOf(1, 1), voteOf(1, b)], rules: [] },
    { name: 'a view given up with two certificates', said: [timeoutOf(1, 2), timeoutOf(1, 2, a)], rules: ['one-vote'] },
  ] as { name: string; said: (Signed | 'crash')[]; rules: string[] }[])('$name', ({ said, rules }) => {
    expect(tell(...said)).toEqual(rules);
  });

  it('a view that was entered binds until the process ends', () => {
    const story = (isCrashed: boolean) =>
      broken((blame) => {
        const checker = new PromisesChecker(blame, history);
        checker.began(member(1), { committee, self: member(1) });
        checker.entered(member(1), 5 as View);
        if (isCrashed) checker.stopped(member(1));
        checker.sealed(member(1), voteOf(1, a));
      });
    expect(story(false)).toEqual(['promised-view']);
    expect(story(true)).toEqual([]);
  });
});

it('an unknown block says nothing about what stands below it', () => {
  const index = new BlockIndex();
  const [a, b, c] = row(3) as [Signed<Proposal>, Signed<Proposal>, Signed<Proposal>];
  index.received(member(0), a);
  index.received(member(0), c);
  const root = { view: ROOT.view, digest: ROOT.digest };
  expect(index.extends(a, root)).toBe(true);
  expect(index.extends(c, root)).toBeUndefined();
  index.received(member(0), b);
  expect(index.extends(c, root)).toBe(true);
  expect(index.extends(c, { view: 1 as View, digest: NULL_DIGEST })).toBe(false);
});
