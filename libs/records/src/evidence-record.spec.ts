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
import { decodeEvidence, encodeEvidence, type LimitsOfEpoch } from './evidence-record';

const members = [1, 2, 3, 4].map((n) => ({
  nodeId: nodeId(`node-${String(n)}`),
  publicKey: new Uint8Array(32).fill(n),
  weight: 1,
}));
const TABLE = createEpochTable({ members });
/** Where epoch 1 begins: further than a window above the first one's beginning. */
const BASE = 3 * TABLE.windowSize;
const LIMITS = [wireLimits(TABLE), wireLimits({ ...TABLE, epoch: epoch(1), baseSequence: sequence(BASE) })];
const limitsOf: LimitsOfEpoch = (of) => LIMITS[of];
const signature = new Uint8Array(64).fill(7);
const sealed = (sender: number, draft: Draft, inEpoch = 0): Signed =>
  seal({ hash: portableHash, epoch: epoch(inEpoch), sender: memberIndex(sender), sign: () => signature }, draft);

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
/** A NEW-VIEW that starts with nothing, though a part of it names something prepared. */
function contradictionIn(inEpoch: number, at: number): Evidence {
  const prepared = {
    view: view(0),
    sequence: sequence(at),
    digest: ZERO_DIGEST,
    leaderSignature: signature,
    signatures: [1, 2].map((sender) => ({ sender: memberIndex(sender), signature })),
  };
  const none = { view: view(1), sequence: sequence(0) };
  const part = sealed(0, { kind: 'viewChange', ...none, stable: undefined, prepared: [prepared] }, inEpoch);
  const viewChanges = [{ sender: part.sender, digest: part.digest }];
  const newView = sealed(1, { kind: 'newView', ...none, viewChanges, entries: [] }, inEpoch);
  return {
    kind: 'contradictory-new-view',
    accused: memberIndex(1),
    newView: newView as Signed<NewView>,
    viewChanges: [part],
  };
}

const read = (bytes: Uint8Array): Evidence => decodeEvidence(portableHash, new Reader(bytes), limitsOf);

describe('proofs in the vote log', () => {
  it.each([
    ['equivocation', equivocation],
    ['a contradictory NEW-VIEW', contradiction],
  ])('%s is read as it was written', (_, evidence) => {
    expect(read(encodeEvidence(evidence))).toEqual(evidence);
  });

  it('a lie about what was prepared before the first stable checkpoint of a later epoch is read by that epoch’s bounds', () => {
    const later = contradictionIn(1, BASE + 1);
    expect(read(encodeEvidence(later))).toEqual(later);
    expect(() => read(encodeEvidence(contradictionIn(0, BASE + 1)))).toThrow('do not ascend in the window');
    expect(() => read(encodeEvidence(contradictionIn(2, BASE + 1)))).toThrow('a message of epoch 2');
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
