import type { Evidence } from '@concordat/consensus';
import {
  createEpochTable,
  epoch,
  LayoutError,
  memberIndex,
  nodeId,
  NULL_DIGEST,
  portableHash,
  Reader,
  seal,
  sequence,
  view,
  wireLimits,
  ZERO_DIGEST,
  type Draft,
  type NewView,
  type Signed,
  type Statement,
} from '@concordat/protocol';
import { decodeEvidence, encodeEvidence } from './evidence-record';

const members = [1, 2, 3, 4].map((n) => ({
  nodeId: nodeId(`node-${String(n)}`),
  publicKey: new Uint8Array(32).fill(n),
  weight: 1,
}));
const LIMITS = wireLimits(createEpochTable({ members }));
const signature = new Uint8Array(64).fill(7);
const sealed = (sender: number, draft: Draft): Signed =>
  seal({ hash: portableHash, epoch: epoch(0), sender: memberIndex(sender), sign: () => signature }, draft);

const statement = (digest: Statement['digest']): Statement => ({
  kind: 'commit',
  epoch: epoch(0),
  view: view(3),
  sequence: sequence(9),
  digest,
  sender: memberIndex(2),
});
const equivocation: Evidence = {
  kind: 'equivocation',
  accused: memberIndex(2),
  first: { statement: statement(NULL_DIGEST), signature },
  second: { statement: statement(ZERO_DIGEST), signature },
};
const viewChange = (sender: number): Signed =>
  sealed(sender, { kind: 'viewChange', view: view(1), sequence: sequence(0), stable: undefined, prepared: [] });
const parts = [0, 1, 2].map(viewChange);
const contradiction: Evidence = {
  kind: 'contradictory-new-view',
  accused: memberIndex(1),
  newView: sealed(1, {
    kind: 'newView',
    view: view(1),
    sequence: sequence(0),
    viewChanges: parts.map(({ sender, digest }) => ({ sender, digest })),
    entries: [{ sequence: sequence(1), digest: NULL_DIGEST }],
  }) as Signed<NewView>,
  viewChanges: parts,
};
const read = (bytes: Uint8Array): Evidence => decodeEvidence(portableHash, new Reader(bytes), LIMITS);

describe('proofs in the vote log', () => {
  it.each([
    ['equivocation', equivocation],
    ['a contradictory NEW-VIEW', contradiction],
  ])('%s is read as it was written', (_, evidence) => {
    expect(read(encodeEvidence(evidence))).toEqual(evidence);
  });

  it.each([
    ['equivocation', equivocation],
    ['a contradictory NEW-VIEW', contradiction],
  ])('%s that is cut anywhere is refused', (_, evidence) => {
    const bytes = encodeEvidence(evidence);
    for (let length = 0; length < bytes.length; length++)
      expect(() => read(bytes.subarray(0, length))).toThrow(LayoutError);
  });

  it('an unknown sort of proof is refused', () => {
    expect(() => read(Uint8Array.of(9))).toThrow('no such proof: 9');
  });
});
