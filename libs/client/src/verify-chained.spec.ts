import { createHash } from 'node:crypto';
import { NULL_DIGEST, UNDECIDED_MAX, type Digest } from '@concordat/protocol';
import { decisionText } from './decision-certificate';
import type { ChainedDecision, CommittedDecision, DecisionChain } from './decision-format';
import { Decided, primitives } from './testing/decided';
import { mutants, type Json } from './testing/mutants';
import { verifyDecision, verifyDecisionText, type DecisionVerdict } from './verify-decision';

/** Thousands of signature checks each. */
const MANY_MS = 120_000;

const decided = new Decided({ engine: 'hotstuff' });
const whole = decided.decision(0, 1) as ChainedDecision;
const verify = (certificate: unknown): DecisionVerdict => verifyDecision(certificate, decided.genesis, primitives);
const reasonOf = (verdict: DecisionVerdict): string => (verdict.holds ? 'holds' : verdict.reason);
const rowOf = (...views: readonly number[]) => views.map((view) => ({ view, batch: NULL_DIGEST }));

describe('a decision certificate of the linear engine', () => {
  it('proves what was decided, where, and who voted for the last block', () => {
    expect(verify(whole)).toMatchObject({
      holds: true,
      decided_value: 'two',
      proposal_id: 'n2:0:8',
      view: 3,
      sequence: 12,
      committed_by: ['n0', 'n1', 'n3'],
      weight: 3,
      quorum_weight: 3,
    });
  });

  it('has its fields in this order, and no COMMITs', () => {
    expect(Object.keys(whole).slice(-3)).toEqual(['batch_digest', 'chain', 'votes']);
    expect(whole.chain).toEqual({
      parent: { view: 2, digest: 'c'.repeat(64) },
      above: [
        { view: 4, batch_digest: NULL_DIGEST },
        { view: 5, batch_digest: NULL_DIGEST },
      ],
    });
    expect(Object.keys(new Decided().decision(0)).slice(-2)).toEqual(['batch_digest', 'commits']);
  });

  it('signs the digest that the specification says, block on block', () => {
    const u64 = (value: number): Buffer => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64BE(BigInt(value));
      return bytes;
    };
    const hex = (value: string): Buffer => Buffer.from(value, 'hex');
    let below = whole.chain.parent;
    let height = whole.sequence;
    for (const block of [{ view: whole.view, batch_digest: whole.batch_digest }, ...whole.chain.above]) {
      const digest = createHash('sha256')
        .update('concordat/1 block\n')
        .update(
          Buffer.concat([u64(block.view), u64(height), u64(below.view), hex(below.digest), hex(block.batch_digest)]),
        )
        .digest('hex');
      below = { view: block.view, digest };
      height += 1;
    }
    const asked: string[] = [];
    verifyDecision(whole, decided.genesis, {
      ...primitives,
      verifySignature: (key, message, signature) => {
        asked.push(Buffer.from(message).toString('hex'));
        return primitives.verifySignature(key, message, signature);
      },
    });
    const votes = asked.filter((bytes) => bytes.endsWith(below.digest));
    expect(votes).toHaveLength(3);
    // Kind 16, and view and height of the last block.
    for (const bytes of votes) {
      const statement = bytes.slice(2 * ('concordat/1 statement\n'.length + 64));
      expect(statement.slice(0, 2)).toBe('10');
      expect(statement.slice(22, 54)).toBe(Buffer.concat([u64(5), u64(height - 1)]).toString('hex'));
    }
  });

  it.each([
    ['gaps below the last three', rowOf(7, 9, 10, 11)],
    ['blocks that order something', [{ view: 4, batch: '1'.repeat(64) as Digest }, ...rowOf(5)]],
    ['as many blocks as may be undecided', rowOf(...Array.from({ length: UNDECIDED_MAX }, (_, i) => 4 + i))],
  ])('holds with %s', (_, above) => {
    const other = new Decided({ engine: 'hotstuff', above });
    expect(reasonOf(verifyDecision(other.decision(0), other.genesis, primitives))).toBe('holds');
  });

  it.each([
    ['one block above', rowOf(4), /fewer than three blocks/],
    ['nothing above', [], /fewer than three blocks/],
    ['a gap in the last three', rowOf(4, 6), /last three views are not consecutive/],
    ['a gap below them that is too high', rowOf(5, 6), /last three views are not consecutive/],
    ['views that do not ascend', rowOf(3, 4, 5), /views do not ascend/],
    ['too many blocks', rowOf(...Array.from({ length: UNDECIDED_MAX + 1 }, (_, i) => 4 + i)), /at most 2048/],
  ])('does not hold with %s, though a quorum signed', (_, above, reason) => {
    const other = new Decided({ engine: 'hotstuff', above });
    expect(reasonOf(verifyDecision(other.decision(0), other.genesis, primitives))).toMatch(reason);
  });

  it('counts weight, and distinct members', () => {
    const light = new Decided({ engine: 'hotstuff', signers: [0, 3] });
    expect(reasonOf(verifyDecision(light.decision(0), light.genesis, primitives))).toBe(
      'votes: commit certificate: weight 2 is below the quorum of 3',
    );
    const weights = [3, 3, 2, 2, 2];
    const heavy = new Decided({ engine: 'hotstuff', weights, signers: [0, 1, 2] });
    expect(reasonOf(verifyDecision(heavy.decision(0), heavy.genesis, primitives))).toBe('holds');
  });
});

describe('a changed certificate of the linear engine', () => {
  it(
    'fails whatever is changed: every character, number, key and item',
    () => {
      let tried = 0;
      for (const mutant of mutants(whole as unknown as Json)) {
        const verdict = verify(mutant.value);
        if (verdict.holds) throw new Error(`holds with ${mutant.path}`);
        if (verdict.reason === '') throw new Error(`no reason for ${mutant.path}`);
        tried++;
      }
      expect(tried).toBeGreaterThan(6_000);
    },
    MANY_MS,
  );

  it(
    'fails for every other byte of its text',
    () => {
      const text = decisionText(whole);
      expect(reasonOf(verifyDecisionText(text, decided.genesis, primitives))).toBe('holds');
      for (let i = 0; i < text.length; i++) {
        const changed = text.slice(0, i) + String.fromCharCode(text.charCodeAt(i) ^ 1) + text.slice(i + 1);
        if (verifyDecisionText(changed, decided.genesis, primitives).holds) throw new Error(`byte ${String(i)} holds`);
      }
    },
    MANY_MS,
  );

  const { chain, votes, ...place } = whole;
  const other = '0'.repeat(64);
  const [first, second] = chain.above;
  const withChain = (change: Partial<Record<keyof DecisionChain, unknown>>): object => ({
    ...whole,
    chain: { ...chain, ...change },
  });
  const rows: readonly [string, unknown, RegExp][] = [
    ['another view', { ...whole, view: 2 }, /do not ascend|not consecutive/],
    ['another sequence', { ...whole, sequence: 13 }, /votes: .*signature of member 0 does not hold/],
    [
      'a sequence near the greatest there is',
      { ...whole, sequence: Number.MAX_SAFE_INTEGER },
      /votes: .*heights end above 2\^53-1/,
    ],
    [
      'another parent',
      withChain({ parent: { ...chain.parent, digest: other } }),
      /signature of member 0 does not hold/,
    ],
    ['its parent in another view', withChain({ parent: { ...chain.parent, view: 1 } }), /member 0 does not hold/],
    ['its parent in its own view', withChain({ parent: { ...chain.parent, view: 3 } }), /views do not ascend/],
    [
      'another batch above',
      withChain({ above: [{ ...first, batch_digest: other }, second] }),
      /member 0 does not hold/,
    ],
    ['another last batch', withChain({ above: [first, { ...second, batch_digest: other }] }), /member 0 does not hold/],
    ['another last view', withChain({ above: [first, { ...second, view: 6 }] }), /not consecutive/],
    ['one block fewer', withChain({ above: [first] }), /fewer than three blocks/],
    ['one block more', withChain({ above: [first, second, { ...second, view: 6 }] }), /member 0 does not hold/],
    ['blocks in another order', withChain({ above: [second, first] }), /not consecutive/],
    ['a block that is none', withChain({ above: [first, second, 7] }), /chain\.above\[2\] must be an object/],
    [
      'a block with more',
      withChain({ above: [{ ...first, sequence: 13 }, second] }),
      /above\[0\]\.sequence is not known/,
    ],
    ['a block without its batch', withChain({ above: [{ view: 4 }, second] }), /above\[0\]\.batch_digest is missing/],
    ['a parent that is none', withChain({ parent: null }), /chain\.parent must be an object/],
    ['no list above', withChain({ above: {} }), /chain\.above must be a list/],
    ['no chain', { ...whole, chain: null }, /chain must be an object/],
    ['votes without a chain', { ...place, votes }, /votes is not known/],
    ['votes as COMMITs', { ...place, commits: votes }, /commits: commit certificate: it has no chain/],
    ['a chain with COMMITs', { ...place, chain, commits: votes }, /commits is not known/],
    ['both', { ...whole, commits: votes }, /commits is not known/],
    ['too few votes', { ...whole, votes: votes.slice(1) }, /votes: .*weight 2 is below the quorum of 3/],
    ['a member twice', { ...whole, votes: [votes[0], votes[0], votes[1]] }, /votes\[1\]: n0 stands twice/],
    ['votes in another order', { ...whole, votes: votes.toReversed() }, /out of the table's order/],
    ['a stranger', { ...whole, votes: [...votes, { node_id: 'n9', signature: '' }] }, /n9 is not a member/],
  ];
  it.each(rows)('fails with %s', (_, certificate, reason) => expect(reasonOf(verify(certificate))).toMatch(reason));

  it('fails in a swarm of the other engine, and the other way round', () => {
    const plain = new Decided();
    expect(reasonOf(verifyDecision(whole, plain.genesis, primitives))).toMatch(/swarm_id is not that of the genesis/);
    const { commits: _, ...own } = plain.decision(0, 1) as CommittedDecision;
    const swapped = { ...own, chain, votes };
    expect(reasonOf(verifyDecision(swapped, plain.genesis, primitives))).toBe(
      'votes: commit certificate: it has a chain',
    );
  });
});
