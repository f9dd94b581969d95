import {
  createEpochTable,
  epoch,
  Epochs,
  memberIndex,
  nodeId,
  sequence,
  view,
  type EpochTable,
  type MessageKind,
  type NewView,
  type Signed,
} from '@concordat/protocol';
import { encodeEvidence } from '@concordat/records';
import { nativeHash } from './hash';
import { createJudge } from './judge';
import { signatureSuite } from './signature-suite';
import { someDigest, TestSwarm } from './testing/swarm';

const swarm = new TestSwarm();
const suite = signatureSuite('ed25519');
const judge = createJudge({ swarmId: swarm.id, hash: nativeHash, suite });
const { table } = swarm.committee;
const at = { view: 0, sequence: 1, digest: someDigest('batch') };
const LIAR = nodeId('n1');

/** n1 starts view 1 with nothing, although its own VIEW-CHANGE names what so many members prepared. */
function contradiction(senders: readonly number[]): Uint8Array {
  const prepared = { ...swarm.preparedCertificate([1], at), signatures: swarm.votes('prepare', senders, at) };
  const none = { view: view(1), sequence: sequence(0) };
  const part = swarm.seal(1, { kind: 'viewChange', ...none, stable: undefined, prepared: [prepared] });
  const viewChanges = [{ sender: memberIndex(1), digest: part.digest }];
  const newView = swarm.seal(1, { kind: 'newView', ...none, viewChanges, entries: [] }) as Signed<NewView>;
  return encodeEvidence({
    kind: 'contradictory-new-view',
    accused: memberIndex(1),
    newView,
    viewChanges: [part],
  });
}

/** The epochs as one knows them who has learned of another one with 7 members. */
function furtherEpochs(): Epochs {
  const members = Array.from({ length: 7 }, (_, index) => {
    const publicKey = table.members[index]?.publicKey ?? suite.generate().publicKey;
    return { nodeId: nodeId(`n${String(index)}`), publicKey };
  });
  const grown = createEpochTable({ members, checkpointInterval: table.checkpointInterval });
  const next: EpochTable = { ...grown, epoch: epoch(1), baseSequence: sequence(24) };
  const epochs = new Epochs(nativeHash, table);
  epochs.add({ ...swarm.epochChange(), table: next });
  return epochs;
}

describe('a proof is judged alike by all who execute in an epoch, whichever later ones they know', () => {
  it.each([
    ['within the bounds of the epoch', [1, 2, 3], true],
    ['beyond them, though not beyond those of the next', [1, 2, 3, 4, 5], false],
  ])('%s', (_, senders, holds) => {
    const proof = contradiction(senders);
    for (const epochs of [new Epochs(nativeHash, table), furtherEpochs()])
      expect(judge.proves(epochs, epoch(0), proof, LIAR)).toBe(holds);
  });

  it('proves nothing against another member', () => {
    expect(judge.proves(furtherEpochs(), epoch(0), contradiction([1, 2, 3]), nodeId('n2'))).toBe(false);
  });

  it('is taken in the epoch of the lie and in the next, no longer', () => {
    const epochs = furtherEpochs();
    const proof = contradiction([1, 2, 3]);
    expect([0, 1, 2].map((current) => judge.proves(epochs, epoch(current), proof, LIAR))).toEqual([true, true, false]);
  });
});

describe('two statements of one signer in the linear engine', () => {
  const linear = new TestSwarm('ed25519', 4, 'linear', 'hotstuff');
  const by = createJudge({ swarmId: linear.id, hash: nativeHash, suite });
  const epochs = new Epochs(nativeHash, linear.committee.table);
  type Said = Parameters<TestSwarm['statement']>[2];

  /** Signed by n1 unless another signs in its name. */
  const proofOf = (kinds: readonly [MessageKind, MessageKind], first: Said, second: Said, signer = 1): Uint8Array => {
    const signed = ([first, second] as const).map((said, index) => {
      const statement = linear.statement(kinds[index]!, 1, said);
      return { statement, signature: linear.member(signer).signStatement(statement) };
    });
    return encodeEvidence({
      kind: 'equivocation',
      accused: memberIndex(1),
      first: signed[0]!,
      second: signed[1]!,
    });
  };
  const proves = (proof: Uint8Array): boolean => by.proves(epochs, epoch(0), proof, LIAR);
  const [a, b] = [someDigest('a'), someDigest('b')];
  const once = ['proposal', 'vote', 'timeout'] as const;

  it.each(once)('convict for a second %s in one view, whatever its height', (kind) => {
    expect(
      proves(proofOf([kind, kind], { view: 5, sequence: 9, digest: a }, { view: 5, sequence: 9, digest: b })),
    ).toBe(true);
    expect(
      proves(proofOf([kind, kind], { view: 5, sequence: 9, digest: a }, { view: 5, sequence: 10, digest: b })),
    ).toBe(true);
  });

  it.each(once)('do not convict for a %s in each of two views, nor for one twice', (kind) => {
    const first = { view: 5, sequence: 9, digest: a };
    expect(proves(proofOf([kind, kind], first, { ...first, view: 6, digest: b }))).toBe(false);
    expect(proves(proofOf([kind, kind], first, { ...first, view: 6, sequence: 8, digest: b }))).toBe(false);
    expect(proves(proofOf([kind, kind], first, first))).toBe(false);
    expect(proves(proofOf([kind, kind], first, { ...first, sequence: 10 }))).toBe(false);
  });

  it('do not convict across kinds: a leader votes for its own block, and may give its view up', () => {
    for (const one of once)
      for (const two of once)
        if (one !== two)
          expect(
            proves(proofOf([one, two], { view: 5, sequence: 9, digest: a }, { view: 5, sequence: 9, digest: b })),
          ).toBe(false);
  });

  it.each(once)('do not convict for a second %s that another signed', (kind) =>
    expect(
      proves(proofOf([kind, kind], { view: 5, sequence: 9, digest: a }, { view: 5, sequence: 9, digest: b }, 2)),
    ).toBe(false),
  );

  it('do not convict for what binds nobody', () => {
    for (const kind of ['status', 'syncInfo', 'stable', 'decided'] as const)
      expect(proves(proofOf([kind, kind], { view: 5, digest: a }, { view: 5, digest: b }))).toBe(false);
  });

  it('convict for two CHECKPOINTs of one height, and not of two', () => {
    const kinds = ['checkpoint', 'checkpoint'] as const;
    expect(proves(proofOf(kinds, { sequence: 8, digest: a }, { sequence: 8, digest: b }))).toBe(true);
    expect(proves(proofOf(kinds, { sequence: 8, digest: a }, { sequence: 16, digest: b }))).toBe(false);
  });
});
