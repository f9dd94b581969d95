import { epoch, memberIndex, sequence, view } from './ids';
import { contradict, EVIDENCE_KINDS, MESSAGE_KINDS, type MessageKind, type Statement } from './kinds';
import { someDigest } from './testing/swarm';

const kinds = Object.keys(MESSAGE_KINDS) as MessageKind[];
const PER_SLOT: readonly MessageKind[] = ['prePrepare', 'prepare', 'commit', 'checkpoint', 'viewChange', 'newView'];
const PER_VIEW: readonly MessageKind[] = ['proposal', 'vote', 'timeout'];

const said = (kind: MessageKind, change: Partial<Statement> = {}): Statement => ({
  kind,
  epoch: epoch(2),
  view: view(7),
  sequence: sequence(9),
  digest: someDigest('one'),
  sender: memberIndex(3),
  ...change,
});
const other = { digest: someDigest('other') };

describe('what no honest member signs both', () => {
  it.each(kinds)('%s', (kind) => {
    const both = (change: Partial<Statement>): boolean => {
      const result = contradict(said(kind), said(kind, change));
      expect(contradict(said(kind, change), said(kind))).toBe(result);
      return result;
    };
    const perSlot = PER_SLOT.includes(kind);
    const perView = PER_VIEW.includes(kind);
    expect(both(other)).toBe(perSlot || perView);
    expect(both({ ...other, sequence: sequence(10) })).toBe(perView);
    expect(EVIDENCE_KINDS.includes(kind)).toBe(perSlot || perView);
    // The same content is the same promise, whatever else is said.
    expect(both({})).toBe(false);
    expect(both({ sequence: sequence(10) })).toBe(false);
    for (const apart of [{ epoch: epoch(3) }, { view: view(8) }, { sender: memberIndex(2) }])
      expect(both({ ...other, ...apart })).toBe(false);
  });

  it('is of one kind', () => {
    for (const one of kinds)
      for (const two of kinds) if (one !== two) expect(contradict(said(one), said(two, other))).toBe(false);
  });
});
