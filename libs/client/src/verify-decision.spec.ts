import { decisionText } from './decision-certificate';
import type { CommittedDecision } from './decision-format';
import { Decided, primitives } from './testing/decided';
import { mutants, type Json } from './testing/mutants';
import { verifyDecision, verifyDecisionText, type DecisionVerdict } from './verify-decision';

/** Thousands of signature checks each. */
const MANY_MS = 60_000;

const decided = new Decided();
const whole = decided.decision(0, 1) as CommittedDecision;
const verify = (certificate: unknown): DecisionVerdict => verifyDecision(certificate, decided.genesis, primitives);
const reasonOf = (verdict: DecisionVerdict): string => (verdict.holds ? 'holds' : verdict.reason);

describe('a decision certificate', () => {
  const rows: readonly [string, number, number, unknown, string][] = [
    ["a gateway's first request", 0, 0, { action: 'one' }, 'n2:0:7'],
    ["a gateway's second request", 0, 1, 'two', 'n2:0:8'],
    ["a client's request", 1, 0, [1, 2.5, 'three'], `${decided.batch.envelopes[1]?.signerKey.slice(2) ?? ''}:40`],
    ['the last envelope of the batch', 4, 0, 3, 'n2:0:11'],
  ];
  it.each(rows)('proves %s', (_, envelope, request, value, id) => {
    expect(verify(decided.decision(envelope, request))).toMatchObject({
      holds: true,
      swarm: 'test',
      decided_value: value,
      proposal_id: id,
      view: 3,
      sequence: 12,
      category: 'strategy_change',
      priority: 'high',
      committed_by: ['n0', 'n1', 'n3'],
      weight: 3,
      quorum_weight: 3,
    });
  });

  it('says who proposed and who signed', () => {
    expect(verify(whole)).toMatchObject({
      proposer: 'planner',
      metadata: { why: 'test' },
      signed_by: { kind: 'gateway', id: 'n2' },
    });
    expect(verify(decided.decision(1))).toMatchObject({ signed_by: { kind: 'client' } });
  });

  it('survives JSON, and needs no network and no platform', () => {
    expect(verify(JSON.parse(JSON.stringify(whole)))).toEqual(verify(whole));
  });

  it('holds for whichever quorum signed, and for more than a quorum', () => {
    for (const signers of [
      [0, 1, 2],
      [1, 2, 3],
      [0, 1, 2, 3],
    ]) {
      const other = new Decided({ signers });
      expect(reasonOf(verifyDecision(other.decision(0), other.genesis, primitives))).toBe('holds');
    }
  });

  it('counts weight, not members', () => {
    const light = new Decided({ weights: [3, 3, 2, 2, 2], signers: [2, 3, 4] });
    const heavy = new Decided({ weights: [3, 3, 2, 2, 2], signers: [0, 1, 2] });
    expect(reasonOf(verifyDecision(light.decision(0), light.genesis, primitives))).toMatch(/below the quorum of 8/);
    expect(reasonOf(verifyDecision(heavy.decision(0), heavy.genesis, primitives))).toBe('holds');
  });

  it('fails for another genesis, and says which part differs', () => {
    expect(verifyDecision(whole, new Decided({ seed: 'b' }).genesis, primitives)).toMatchObject({
      holds: false,
      reason: expect.stringContaining('swarm_id') as string,
    });
  });
});

describe('a changed certificate', () => {
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
      expect(tried).toBeGreaterThan(5_000);
    },
    MANY_MS,
  );

  it.each(['compact', 'indented'])(
    'fails for every other byte of its %s text',
    (form) => {
      const text = form === 'compact' ? JSON.stringify(whole) : decisionText(whole);
      expect(reasonOf(verifyDecisionText(text, decided.genesis, primitives))).toBe('holds');
      for (let i = 0; i < text.length; i++) {
        for (const bit of form === 'compact' ? [0x01, 0x20] : [0x01]) {
          const changed = text.slice(0, i) + String.fromCharCode(text.charCodeAt(i) ^ bit) + text.slice(i + 1);
          const verdict = verifyDecisionText(changed, decided.genesis, primitives);
          if (verdict.holds) throw new Error(`byte ${String(i)} ^ ${String(bit)} holds`);
        }
      }
    },
    MANY_MS,
  );

  it.each([
    ['a space', (text: string) => ` ${text}`],
    ['a repeated key', (text: string) => text.replace('{', '{"view":9,')],
    ['an escape', (text: string) => text.replace('"n2:', '"\\u006e2:')],
    ['another number form', (text: string) => text.replace('"sequence":12', '"sequence":1.2e1')],
    ['no JSON', () => '{'],
    ['nothing', () => ''],
  ])('fails as text with %s', (_, change) => {
    expect(verifyDecisionText(change(JSON.stringify(whole)), decided.genesis, primitives).holds).toBe(false);
  });

  const member = (id: string) => whole.commits.find(({ node_id }) => node_id === id) ?? { node_id: id, signature: '' };
  const [envelope1] = [decided.decision(1)];
  const rows: readonly [string, Partial<Record<keyof CommittedDecision, unknown>>, RegExp][] = [
    ['another swarm', { swarm_id: '0'.repeat(64) }, /swarm_id is not that of the genesis/],
    ['a later epoch', { epoch: 1 }, /epoch 1 is not reached/],
    ['another table', { table_hash: '0'.repeat(64) }, /table_hash is not that of epoch 0/],
    ['another view', { view: 4 }, /signature of member 0 does not hold/],
    ['another sequence', { sequence: 13 }, /signature of member 0 does not hold/],
    ["another request's id", { proposal_id: 'n2:0:7' }, /proposal_id is not that of the request, which is n2:0:8/],
    ['another request of the envelope', { request_index: 0 }, /proposal_id is not/],
    ['a request that is not there', { request_index: 2 }, /request_index 2 is not in the envelope/],
    ['the envelope of another place', { envelope: envelope1.envelope }, /request_index 1 is not in the envelope/],
    ['another place in the batch', { batch: { ...whole.batch, index: 1 } }, /does not stand at that index/],
    ['a place outside', { batch: { ...whole.batch, index: 5 } }, /not below batch.count/],
    ['another count with paths of the same length', { batch: { ...whole.batch, count: 6 } }, /count and time/],
    ['another time', { batch: { ...whole.batch, time: 1 } }, /count and time/],
    ['another digest', { batch_digest: '0'.repeat(64) }, /count and time/],
    ['too few commits', { commits: whole.commits.slice(1) }, /weight 2 is below the quorum of 3/],
    ['no commits', { commits: [] }, /weight 0 is below/],
    ['one member twice', { commits: [member('n0'), member('n0'), member('n1')] }, /stands twice/],
    ['another order', { commits: [member('n1'), member('n0'), member('n3')] }, /out of the table's order/],
    ['a stranger', { commits: [...whole.commits, { node_id: 'n9', signature: '' }] }, /n9 is not a member/],
    [
      'one bad signature beyond a quorum',
      { commits: [member('n0'), member('n1'), { ...member('n1'), node_id: 'n2' }, member('n3')] },
      /member 2 does not hold/,
    ],
    ['another format', { format: 'concordat.decision.v2' }, /format must be/],
    ["a value that is not the request's", { decided_value: 'three' }, /decided_value is not the request's/],
    ['a chain beside the commits', { chain: {} } as object, /commits is not known/],
    ['padding', { envelope: `${whole.envelope}=` }, /envelope: not base64url/],
    ['bytes after the envelope', { envelope: `${whole.envelope}AAAA` }, /envelope: /],
  ];
  it.each(rows)('fails with %s', (_, change, reason) => {
    expect(reasonOf(verify({ ...whole, ...change }))).toMatch(reason);
  });

  it("accepts a carried value only when it is the request's own", () => {
    expect(reasonOf(verify({ ...whole, decided_value: 'two' }))).toBe('holds');
    expect(reasonOf(verify({ ...decided.decision(0), decided_value: { action: 'one' } }))).toBe('holds');
    expect(reasonOf(verify({ ...decided.decision(0), decided_value: { action: 'one', more: 1 } }))).toMatch(
      /decided_value/,
    );
  });

  it.each([null, undefined, 1, 'text', [], [whole], {}, { format: 'concordat.decision.v1' }, new Date(0)])(
    'refuses %p without throwing',
    (value) => {
      expect(verify(value).holds).toBe(false);
    },
  );

  it('is refused when its gateway is not a member', () => {
    const other = new Decided();
    const foreign = { ...whole, envelope: other.decision(0).envelope };
    expect(reasonOf(verify(foreign))).toMatch(/signature of its gateway does not hold/);
  });
});
