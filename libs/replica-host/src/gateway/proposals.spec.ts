import { millis, parseProposalId, type ProposalKey } from '@concordat/protocol';
import { DURATION_UNKNOWN } from '@concordat/records';
import { Proposals } from './proposals';
import { blockOf, clientEnvelope, gatewayEnvelope } from './testing/blocks';

const key = (id: string): ProposalKey => {
  const parsed = parseProposalId(id);
  if (parsed === undefined) throw new Error(id);
  return parsed;
};
const fresh = (limits = {}): Proposals => new Proposals({ seenMax: 100, waitersMax: 100, ...limits });
const idsOf = (found: readonly { id: string }[]): string[] => found.map(({ id }) => id);

describe('proposals that were seen', () => {
  const mine = gatewayEnvelope('n1', 5, 'a', 'b');
  const theirs = clientEnvelope(1, 5, 'a');

  it.each([
    ['n1:2:5', [mine.id]],
    ['n1:2:6', [mine.id]],
    ['n1:2:7', []],
    ['n1:2:4', []],
    ['n1:3:5', []],
    ['n2:2:5', []],
    [`${theirs.signerKey.slice(2)}:5`, [theirs.id]],
    [`${theirs.signerKey.slice(2)}:6`, []],
  ])('are found by id: %s', (id, found) => {
    const proposals = fresh();
    for (const envelope of [mine, theirs, mine]) proposals.note(envelope);
    expect(idsOf(proposals.find(key(id)))).toEqual(found);
    expect(proposals.size).toBe(2);
  });

  it('are found side by side when one nonce has two contents', () => {
    const proposals = fresh();
    const other = clientEnvelope(1, 5, 'other');
    proposals.note(theirs);
    proposals.note(other);
    expect(idsOf(proposals.find(key(`${theirs.signerKey.slice(2)}:5`)))).toEqual([theirs.id, other.id]);
  });

  it('are forgotten once executed', () => {
    const proposals = fresh();
    proposals.note(mine);
    proposals.onCommitted(blockOf(1, [mine]), [1]);
    expect([proposals.size, proposals.find(key('n1:2:5'))]).toEqual([0, []]);
  });

  it('are bounded: the oldest go first', () => {
    const proposals = fresh({ seenMax: 3 });
    for (let nonce = 0; nonce < 10; nonce++) proposals.note(gatewayEnvelope('n1', nonce, 'x'));
    expect(proposals.size).toBe(3);
    expect(proposals.find(key('n1:2:6'))).toEqual([]);
    expect(proposals.find(key('n1:2:7'))).toHaveLength(1);
  });
});

describe('waiting callers', () => {
  const envelope = gatewayEnvelope('n1', 1, 'a', 'b');
  const filler = gatewayEnvelope('n2', 1, 'x', 'y', 'z');

  it('hear what became of their envelope', async () => {
    const proposals = fresh();
    const submission = proposals.open(envelope);
    const waiting = [1, 2].map(() => proposals.executionOf(submission, millis(10)));
    expect(proposals.waiters).toBe(2);
    const block = blockOf(7, [filler, envelope], ['decided', 'decided', 'decided', 'expired', 'decided']);
    proposals.onCommitted(block, [DURATION_UNKNOWN, 12]);
    for (const executed of await Promise.all(waiting))
      expect(executed).toEqual({ block, envelopeIndex: 1, outcomes: Uint8Array.of(2, 0), durationMs: 12, changes: [] });
    expect(proposals.waiters).toBe(0);
  });

  it('hear it at once when it is executed already', async () => {
    const proposals = fresh();
    const submission = proposals.open(envelope);
    proposals.onCommitted(blockOf(7, [envelope]), [DURATION_UNKNOWN]);
    expect(await proposals.executionOf(submission, millis(10))).toMatchObject({ durationMs: undefined });
  });

  it('go home when their deadline passes, and not before', async () => {
    const proposals = fresh();
    const submission = proposals.open(envelope);
    const early = proposals.executionOf(submission, millis(10));
    const late = proposals.executionOf(submission, millis(20));
    proposals.sweep(millis(9));
    expect(proposals.waiters).toBe(2);
    proposals.sweep(millis(10));
    expect(await early).toBeUndefined();
    expect(proposals.waiters).toBe(1);
    proposals.onCommitted(blockOf(1, [envelope]), [1]);
    expect(await late).toBeDefined();
  });

  it('are all that keeps an envelope whose deadlines have passed: what never comes to execution is not kept for ever', async () => {
    const proposals = fresh();
    const submission = proposals.open(envelope);
    proposals.sweep(millis(1_000_000));
    expect(proposals.submitted).toBe(1);
    const late = proposals.executionOf(submission, millis(1_000_020));
    proposals.sweep(millis(1_000_001));
    expect(proposals.submitted).toBe(1);
    proposals.sweep(millis(1_000_020));
    expect(await late).toBeUndefined();
    expect(proposals.submitted).toBe(0);
  });

  it.each([
    ['the envelope is dropped', (proposals: Proposals) => proposals.drop(envelope.id)],
    ['the member stops', (proposals: Proposals) => proposals.close()],
  ])('go home when %s', async (_, end) => {
    const proposals = fresh();
    const waiting = proposals.executionOf(proposals.open(envelope), millis(10));
    end(proposals);
    expect(await waiting).toBeUndefined();
    expect(proposals.waiters).toBe(0);
  });

  it('are bounded', async () => {
    const proposals = fresh({ waitersMax: 1 });
    const submission = proposals.open(envelope);
    void proposals.executionOf(submission, millis(10));
    expect(proposals.hasRoomForWaiter).toBe(false);
    expect(await proposals.executionOf(submission, millis(10))).toBeUndefined();
  });
});

describe('the estimate', () => {
  it('follows known durations only', () => {
    const proposals = fresh();
    const envelopes = [1, 2, 3].map((nonce) => gatewayEnvelope('n1', nonce, 'x'));
    proposals.onCommitted(blockOf(1, envelopes), [DURATION_UNKNOWN, DURATION_UNKNOWN, DURATION_UNKNOWN]);
    expect(proposals.estimatedMs).toBeUndefined();
    proposals.onCommitted(blockOf(2, envelopes), [10, 30, DURATION_UNKNOWN]);
    expect(proposals.estimatedMs).toBe(20);
    proposals.onCommitted(blockOf(3, envelopes), [120, DURATION_UNKNOWN, DURATION_UNKNOWN]);
    expect(proposals.estimatedMs).toBeCloseTo(40);
    proposals.onCommitted(blockOf(4, []), []);
    expect(proposals.estimatedMs).toBeCloseTo(40);
  });
});
