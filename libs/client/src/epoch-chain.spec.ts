import { digest, sequence, type EpochTable } from '@concordat/protocol';
import * as fc from 'fast-check';
import { EPOCH_CHAIN_FORMAT, epochChangeFromJson, epochChangeToJson } from './epoch-chain-format';
import { fetchEpochChain, verifyEpochChain, type AcrossEpochs } from './epoch-chain';
import { CertificateFault } from './json-fields';
import { primitives } from './testing/decided';
import { EpochHistory, type ChangeOptions } from './testing/epoch-history';
import { mutants, type Json } from './testing/mutants';
import { verifyDecision, type DecisionVerdict } from './verify-decision';

/** Thousands of signature checks each. */
const MANY_MS = 120_000;

const history = new EpochHistory();
const { genesis } = history;
const whole = history.chain();
const tableOf = (of: number): EpochTable => history.committee(of).table;
const verify = (certificate: unknown, across: AcrossEpochs = { chain: whole }): DecisionVerdict =>
  verifyDecision(certificate, genesis, primitives, across);
const reasonOf = (verdict: DecisionVerdict): string => (verdict.holds ? 'holds' : verdict.reason);
const chainReason = (across: AcrossEpochs): string => {
  const verdict = verifyEpochChain(genesis, primitives, across);
  return verdict.holds ? 'holds' : verdict.reason;
};
/** The whole chain with its last change, that to epoch 3, made otherwise. */
const lastMade = (options: ChangeOptions, table = tableOf(3)): unknown => ({
  ...whole,
  changes: whole.changes.with(2, epochChangeToJson(history.change(table, options), history.committee(2))),
});

describe('a decision certificate of any epoch', () => {
  it.each([0, 1, 2, 3])('holds in epoch %i with the chain from the genesis', (of) => {
    expect(verify(history.decision(of))).toMatchObject({ holds: true, epoch: of, trusted_epoch: 0 });
  });

  it('needs no more of the chain than what leads to its epoch', () => {
    for (const at of [0, 1, 2, 3]) {
      expect(reasonOf(verify(history.decision(at), { chain: history.chain(0, at) }))).toBe('holds');
    }
    expect(reasonOf(verify(history.decision(0), {}))).toBe('holds');
  });

  it('survives JSON with its chain', () => {
    const chain: unknown = JSON.parse(JSON.stringify(whole));
    expect(verify(JSON.parse(JSON.stringify(history.decision(3))), { chain })).toMatchObject({ holds: true });
  });

  it('holds from the table of a later epoch that is trusted', () => {
    const trusted = { trustedTable: tableOf(2), chain: history.chain(2) };
    expect(verify(history.decision(3), trusted)).toMatchObject({ holds: true, epoch: 3, trusted_epoch: 2 });
    expect(reasonOf(verify(history.decision(2), trusted))).toBe('holds');
  });

  it('holds up to the boundary of its epoch, and no further once the chain shows it', () => {
    for (const [of, end] of [32, 64, 96].entries()) {
      expect(reasonOf(verify(history.decision(of, { at: end })))).toBe('holds');
      expect(reasonOf(verify(history.decision(of, { at: end + 1 })))).toBe(
        `sequence ${String(end + 1)} is beyond ${String(end)}, where epoch ${String(of)} ended`,
      );
      const notEnded = { chain: history.chain(0, of) };
      expect(reasonOf(verify(history.decision(of, { at: end + 1 }), notEnded))).toBe('holds');
    }
  });

  it('names among those who committed only members whose signatures count', () => {
    const signers = [0, 1, 2, 3, 4];
    const proof = verify(history.decision(3, { signers }));
    expect(proof).toMatchObject({ holds: true, committed_by: ['n0', 'n1', 'n2', 'n4'], weight: 4 });
    expect(verify(history.decision(2, { signers }))).toMatchObject({ holds: true, weight: 5 });
  });

  const old = { trustedTable: tableOf(2) };
  const rows: readonly [string, unknown, AcrossEpochs, RegExp][] = [
    [
      'a later epoch without a chain',
      history.decision(1),
      {},
      /^epoch 1 is not reached: no change .* from the trusted epoch 0$/,
    ],
    [
      'a chain that is too short',
      history.decision(3),
      { chain: history.chain(0, 2) },
      /epoch 3 is not reached: the chain .* ends with epoch 2/,
    ],
    ['an epoch before the trusted one', history.decision(1), old, /epoch 1 is before the trusted epoch 2/],
    ['the first sequence of the epoch before', history.decision(1, { at: 32 }), { chain: whole }, /32 is not above 32/],
    ['keys that have left', history.decision(1, { keysOf: 0 }), { chain: whole }, /signature of member 1 does not/],
    [
      'an isolated member in the quorum',
      history.decision(3, { signers: [0, 1, 2, 3] }),
      { chain: whole },
      /weight 3 is below/,
    ],
    [
      'a trusted epoch that is too old',
      history.decision(3),
      { chain: whole, maxEpochAge: 2 },
      /epoch 0 is 3 epochs old, at most 2/,
    ],
    [
      'another table',
      { ...history.decision(1), table_hash: whole.swarm_id },
      { chain: whole },
      /table_hash is not that of epoch 1/,
    ],
    [
      'another epoch of the chain',
      { ...history.decision(1), epoch: 2 },
      { chain: whole },
      /table_hash is not that of epoch 2/,
    ],
    [
      'a trusted table of the first epoch that is not the genesis',
      history.decision(0),
      { trustedTable: { ...genesis.table, f: 0 } },
      /trusted table of epoch 0 is not that of the genesis/,
    ],
    [
      'a trusted table that is none',
      history.decision(0),
      { trustedTable: { ...tableOf(2), members: [] } },
      /trusted table: members/,
    ],
    [
      'a trusted table of another scheme',
      history.decision(0),
      { trustedTable: { ...tableOf(2), signatureScheme: 'rsa-pss-2048', members: [], operators: [] } },
      /trusted table/,
    ],
  ];
  it.each(rows)('fails with %s', (_, certificate, across, reason) => {
    expect(reasonOf(verify(certificate, across))).toMatch(reason);
  });

  it('fails under the chain of another swarm', () => {
    const other = new EpochHistory('b');
    expect(reasonOf(verify(history.decision(1), { chain: other.chain() }))).toMatch(/epochs.swarm_id is not/);
    expect(reasonOf(verify(history.decision(1), { chain: { ...other.chain(), swarm_id: whole.swarm_id } }))).toMatch(
      /changes\[0\]: .*signature of member 0 does not hold/,
    );
  });
});

describe('a changed chain', () => {
  it(
    'fails whatever is changed: every character, number, key and item',
    () => {
      const certificate = history.decision(3);
      let tried = 0;
      for (const mutant of mutants(JSON.parse(JSON.stringify(whole)) as Json, 'epochs')) {
        const verdict = verify(certificate, { chain: mutant.value });
        if (verdict.holds) throw new Error(`holds with ${mutant.path}`);
        if (verdict.reason === '') throw new Error(`no reason for ${mutant.path}`);
        tried++;
      }
      expect(tried).toBeGreaterThan(5_000);
    },
    MANY_MS,
  );

  it(
    'fails whatever is changed in a certificate of a later epoch',
    () => {
      const chain = history.chain(0, 1);
      let tried = 0;
      for (const mutant of mutants(history.decision(1) as unknown as Json)) {
        const verdict = verify(mutant.value, { chain });
        if (verdict.holds) throw new Error(`holds with ${mutant.path}`);
        if (verdict.reason === '') throw new Error(`no reason for ${mutant.path}`);
        tried++;
      }
      expect(tried).toBeGreaterThan(5_000);
    },
    MANY_MS,
  );

  const [one, two, three] = whole.changes;
  const grown = tableOf(3);
  const rows: readonly [string, unknown, RegExp][] = [
    ['a gap', { ...whole, changes: [one, three] }, /changes\[1\]: epoch 3 does not follow 1/],
    ['another order', { ...whole, changes: [two, one, three] }, /changes\[0\]: .*epoch 2 does not follow 0/],
    ['a change twice', { ...whole, changes: [one, one, two] }, /changes\[1\]: .*epoch 1 does not follow 1/],
    ['no beginning', { ...whole, changes: [two, three] }, /changes\[0\]: .*epoch 2 does not follow 0/],
    ['another format', { ...whole, format: 'concordat.epochs.v2' }, new RegExp(`must be ${EPOCH_CHAIN_FORMAT}`)],
    ['a surplus key', { ...whole, more: 1 }, /epochs.more is not known/],
    ['no list', { ...whole, changes: {} }, /epochs.changes must be a list/],
    ['nothing', null, /^epochs must be an object/],
    [
      'a table that is refused',
      { ...whole, changes: [{ ...one, table: { ...one?.table, f: 9 } }] },
      /changes\[0\].table: f: must be/,
    ],
    ['too few signers', lastMade({ signers: [0, 1, 2] }), /changes\[2\]: .*weight 3 is below the quorum of 4/],
    [
      'a stranger among them',
      {
        ...whole,
        changes: [{ ...one, checkpoint: { ...one?.checkpoint, signatures: [{ node_id: 'n9', signature: '' }] } }],
      },
      /n9 is not a member/,
    ],
    [
      "a member's old key",
      lastMade({ keys: { 1: genesis.table.members[1]?.publicKey ?? new Uint8Array(0) } }),
      /member 1 does not hold/,
    ],
    [
      'a checkpoint that announces nothing',
      lastMade({ content: { boundary: sequence(0), nextTableHash: digest('0'.repeat(64)) } }),
      /boundary must be an integer from 1/,
    ],
    ['a checkpoint before the boundary', lastMade({ content: { boundary: sequence(104) } }), /96 is not the boundary/],
    [
      'another table than the certified one',
      lastMade({ content: { nextTableHash: history.committee(2).hash } }),
      /not the certified one/,
    ],
    [
      'an epoch left out',
      lastMade({}, { ...grown, epoch: 3 as typeof grown.epoch, baseSequence: sequence(64) }),
      /64 is not above 64/,
    ],
  ];
  it.each(rows)('fails with %s', (_, chain, reason) => expect(chainReason({ chain })).toMatch(reason));

  it('fails when the scheme changes on the way', () => {
    const rsa = { ...grown, signatureScheme: 'rsa-pss-2048', operators: [] } as const;
    const members = rsa.members.map((member, index) => ({ ...member, publicKey: new Uint8Array(294).fill(index) }));
    expect(chainReason({ chain: lastMade({}, { ...rsa, members }) })).toMatch(
      /changes\[2\]: epoch change: the signature scheme becomes rsa-pss-2048/,
    );
  });

  it.each([null, 1, 'text', [], {}, { format: EPOCH_CHAIN_FORMAT }, whole.changes])(
    'refuses value %# without throwing',
    (chain) => {
      expect(chainReason({ chain })).not.toBe('holds');
    },
  );
});

describe('the old quorum alone ends an epoch', () => {
  it(
    'whoever signs, with whichever keys, for whichever table',
    () => {
      const strangers = [0, 1, 2, 3, 4].map(() => history.newKey());
      const signer = fc.record({ index: fc.nat({ max: 4 }), own: fc.boolean() });
      const plan = fc.record({
        after: fc.constantFrom(0, 1, 2, 3),
        signers: fc.uniqueArray(signer, { selector: ({ index }) => index, maxLength: 5 }),
        takeOver: fc.boolean(),
        later: fc.nat({ max: 5 }),
      });
      fc.assert(
        fc.property(plan, ({ after, signers, takeOver, later }) => {
          const ended = history.committee(after);
          const members = takeOver
            ? ended.table.members.map((member, index) => ({
                ...member,
                publicKey: strangers[index] ?? member.publicKey,
              }))
            : ended.table.members;
          const table: EpochTable = {
            ...ended.table,
            members,
            epoch: (after + 1) as EpochTable['epoch'],
            baseSequence: sequence(ended.table.baseSequence + 32 + 8 * later),
          };
          const who = signers.filter(({ index }) => index < ended.n).sort((a, b) => a.index - b.index);
          const keys = Object.fromEntries(
            who.filter(({ own }) => !own).map(({ index }) => [index, strangers[index] ?? new Uint8Array(0)]),
          );
          const change = history.change(table, { signers: who.map(({ index }) => index), keys });
          const before = history.chain(0, after);
          const chain = { ...before, changes: [...before.changes, epochChangeToJson(change, ended)] };
          // By the definition of a quorum, not by the code under test.
          const isolated = ended.table.members.map((member) => member.isolated);
          const honestWeight = who.filter(({ index, own }) => own && isolated[index] === false).length;
          const mayExtend = who.every(({ own }) => own) && honestWeight >= Math.floor((ended.n + 1) / 2) + 1;
          expect(chainReason({ chain }) === 'holds').toBe(mayExtend);
        }),
        { numRuns: 400, seed: 11 },
      );
    },
    MANY_MS,
  );
});

describe('fetchEpochChain', () => {
  const askedIn =
    (size: number, from = history) =>
    (after: number) =>
      Promise.resolve<unknown>(from.chain(after, size));

  it.each([1, 2, 8])('gathers the chain from answers of %i changes', async (size) => {
    await expect(fetchEpochChain(askedIn(size), genesis, primitives)).resolves.toEqual(whole);
  });

  it('asks no further than it needs to, and begins at the trusted epoch', async () => {
    const asked: number[] = [];
    const ask = (after: number): Promise<unknown> => {
      asked.push(after);
      return Promise.resolve(history.chain(after, 1));
    };
    const chain = await fetchEpochChain(ask, genesis, primitives, { trustedTable: tableOf(1), upTo: 2 });
    expect(chain).toEqual(history.chain(1, 1));
    expect(asked).toEqual([1]);
  });

  it('rejects what does not hold, what ends early, and what never ends', async () => {
    const lying = (): Promise<unknown> => Promise.resolve(lastMade({ signers: [0] }));
    await expect(fetchEpochChain(lying, genesis, primitives)).rejects.toThrow(/weight 1 is below/);
    await expect(fetchEpochChain(lying, genesis, primitives)).rejects.toBeInstanceOf(CertificateFault);
    await expect(fetchEpochChain(askedIn(8), genesis, primitives, { upTo: 4 })).rejects.toThrow(
      /end with epoch 3, before 4/,
    );
    await expect(fetchEpochChain(askedIn(1), genesis, primitives, { maxEpochAge: 2 })).rejects.toThrow(/3 epochs old/);
  });
});

it('reads a change as it was written', () => {
  for (const at of [0, 1, 2]) {
    const ended = history.committee(at);
    const [change] = history.epochs.changesAfter(ended.epoch, 1);
    if (change === undefined) throw new Error('the epoch ended');
    const json: unknown = JSON.parse(JSON.stringify(epochChangeToJson(change, ended)));
    expect(epochChangeFromJson(json, ended)).toEqual(change);
  }
});
