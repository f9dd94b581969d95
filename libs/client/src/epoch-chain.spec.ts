import { createSigner, nativeHash, signatureSuite } from '@concordat/crypto';
import {
  checkpointDigest,
  Committee,
  createEpochTable,
  digest,
  encodeEpochTable,
  epoch,
  Epochs,
  epochTableHash,
  memberIndex,
  nodeId,
  sequence,
  swarmId,
  toBase64Url,
  view,
  type EpochTable,
  type Genesis,
} from '@concordat/protocol';
import { verifyEpochs } from './epoch-chain';
import { primitives } from './testing/decided';

const suite = signatureSuite('ed25519');
const keys = [0, 1, 2, 3, 4].map(() => suite.generate());
const members = keys.map(({ publicKey }, index) => ({ nodeId: nodeId(`n${String(index)}`), publicKey }));
const first = createEpochTable({ members: members.slice(0, 4), checkpointInterval: 8 });
const genesis: Genesis = { swarm: 'test', random: digest('c'.repeat(64)), table: first };
const grown = createEpochTable({ members, checkpointInterval: 8 });
const second: EpochTable = { ...grown, epoch: epoch(1), baseSequence: sequence(24) };
const third: EpochTable = { ...second, epoch: epoch(2), baseSequence: sequence(48), f: 0 };

/** An entry as members answer it, its proof signed by these members of the epoch before. */
function entry(table: EpochTable, before: EpochTable, signers = [0, 1, 2, 3]): Record<string, unknown> {
  const committee = new Committee(before, nativeHash);
  const content = {
    stateDigest: digest('d'.repeat(64)),
    boundary: table.baseSequence,
    nextTableHash: epochTableHash(nativeHash, table),
  };
  const domain = { swarmId: swarmId(nativeHash, genesis), tableHash: committee.hash };
  const statement = {
    kind: 'checkpoint',
    epoch: before.epoch,
    view: view(0),
    sequence: table.baseSequence,
    digest: checkpointDigest(nativeHash, table.baseSequence, content),
  } as const;
  return {
    epoch: table.epoch,
    table: toBase64Url(encodeEpochTable(table)),
    f: 'for people',
    certificate: {
      sequence: table.baseSequence,
      state_digest: content.stateDigest,
      boundary: content.boundary,
      next_table_hash: content.nextTableHash,
      signatures: signers.map((index) => {
        const privateKey = keys[index]?.privateKey ?? new Uint8Array(0);
        const pen = createSigner({ suite, privateKey, hash: nativeHash, domain });
        const signature = pen.signStatement({ ...statement, sender: memberIndex(index) });
        return { node_id: `n${String(index)}`, signature: toBase64Url(signature) };
      }),
    },
  };
}
const start = { epoch: 0, table: toBase64Url(encodeEpochTable(first)), certificate: null };
const chain = [start, entry(second, first), entry(third, second)];

it('epochs follow from the genesis, each proven by the one before', () => {
  const epochs = verifyEpochs(chain, genesis, primitives);
  if (!(epochs instanceof Epochs)) throw new Error(epochs.refused);
  expect(epochs.all.map(({ table }) => table)).toEqual([first, second, third]);
  expect(epochs.at(sequence(24)).epoch).toBe(0);
  expect(epochs.at(sequence(25)).epoch).toBe(1);
});

const certificateOf = (item: Record<string, unknown>): Record<string, unknown> =>
  item['certificate'] as Record<string, unknown>;
const withProof = (change: Record<string, unknown>): unknown[] => {
  const honest = entry(second, first);
  return [start, { ...honest, certificate: { ...certificateOf(honest), ...change } }];
};
const rows: readonly [name: string, chain: unknown, reason: RegExp][] = [
  ['no list', {}, /epochs must be a list/],
  [
    'another genesis',
    [{ ...start, table: toBase64Url(encodeEpochTable({ ...first, f: 0 })) }],
    /not that of the genesis/,
  ],
  ['a gap', [start, entry(third, second)], /epochs\[1\] is not epoch 1/],
  ['an epoch that says another number', [start, { ...entry(second, first), epoch: 2 }], /is not epoch 1/],
  ['too few signatures', [start, entry(second, first, [0, 1])], /quorum/],
  [
    'a member of the next epoch among the signers',
    [start, entry(second, first, [0, 1, 4])],
    /signatures\[2\] is no member's/,
  ],
  ['a member that signs twice', [start, entry(second, first, [0, 1, 1])], /epochs\[1\]/],
  ['no proof', [start, { ...entry(second, first), certificate: null }], /certificate must be an object/],
  ['another state', withProof({ state_digest: 'e'.repeat(64) }), /epochs\[1\]/],
  ['another boundary', withProof({ boundary: 32 }), /is not the boundary/],
  ['another table than the certified one', withProof({ next_table_hash: 'e'.repeat(64) }), /not the certified one/],
  ['a table that is cut short', [start, { ...entry(second, first), table: 'AAAA' }], /./],
  ['a table that breaks the rules', [start, entry({ ...second, f: 2 }, first)], /f must be|f: must be/],
  ['a key that is not known', [{ ...start, more: 1 }], /epochs\[0\].more is not known/],
];
it.each(rows)('%s proves nothing', (_, value, reason) => {
  expect(verifyEpochs(value, genesis, primitives)).toEqual({ refused: expect.stringMatching(reason) as string });
});
