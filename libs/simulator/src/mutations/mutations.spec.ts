import { MESSAGE_KINDS, type MessageKind } from '@concordat/protocol';
import { recordScene, sweepMutations, type MutationRun, type MutationSweep } from './sweep';

/** `MUTATIONS=all npx jest --selectProjects simulator --testPathPatterns mutations` changes every message of every member. */
const SWEEP: MutationSweep =
  process.env['MUTATIONS'] === 'all'
    ? { members: [0, 1, 2, 3], ofKindMax: Infinity }
    : { members: [0, 1], ofKindMax: 2 };

/** All that the scene shows: its members never change, and nobody in it is so far behind that a state is taken over. */
const ELSEWHERE: readonly MessageKind[] = ['epochChange', 'snapshot', 'chunk'];
const KINDS = (Object.keys(MESSAGE_KINDS) as MessageKind[]).filter((kind) => !ELSEWHERE.includes(kind));

/** Changes that the checks at the door must see: nothing of them may reach an engine. */
const REFUSED =
  /^(another epoch|signature of|checkpoint: |prepared: |certificate: |unsigned|an unsigned request|an entry's)/;

const nameOf = ({ kind, mutation }: MutationRun): string => `${kind}: ${mutation}`;

describe('the recorded scene', () => {
  it.each([0, 1, 2, 3])('breaks no rule, changes its view and decides everything, seen from member %i', (member) => {
    const { result } = recordScene(member);
    expect(result.violations).toEqual([]);
    expect(result.view).toBeGreaterThan(0);
    expect(result.decided).toBe(7);
    expect(result.proofs).toEqual([]);
    expect(recordScene(member).result.traceHash).toBe(result.traceHash);
  });

  it('shows every kind of message', () => {
    const kinds = SWEEP.members.flatMap((member) => recordScene(member).recorded.map(({ message }) => message.kind));
    expect([...new Set(kinds)].sort()).toEqual([...KINDS].sort());
  });
});

describe('one field of one message is changed by its own sender', () => {
  const runs = [...sweepMutations(SWEEP)];

  it('and no rule is broken', () => {
    const broken = runs.filter(({ result }) => result.violations.length > 0);
    expect(broken.map((run) => ({ ...run, result: run.result.violations }))).toEqual([]);
    for (const kind of KINDS) expect(runs.filter((run) => run.kind === kind).length).toBeGreaterThan(5);
    expect(runs.length).toBeGreaterThan(700);
  });

  it('what is forged is refused before an engine sees it, and the rest gets as far as the engines', () => {
    const forged = runs.filter(({ mutation }) => REFUSED.test(mutation));
    expect(forged.filter(({ passed }) => passed).map(nameOf)).toEqual([]);
    expect(forged.length).toBeGreaterThan(200);
    expect(runs.filter(({ passed }) => passed).length).toBeGreaterThan(200);
  });

  it('two contents for one slot are proven, and a NEW-VIEW that does not follow from its parts', () => {
    const proven = new Set(runs.filter((run) => run.proven && run.placing === 'beside').map(nameOf));
    expect([...proven]).toEqual(
      expect.arrayContaining([
        'prePrepare: another batch',
        'prepare: another digest',
        'commit: another digest',
        'checkpoint: another state',
        'viewChange: a prepared slot hidden',
        'newView: an entry left out',
        'newView: an entry replaced',
      ]),
    );
    // What is not evidence proves nothing, however wrong it is.
    const free: readonly MessageKind[] = ['status', 'fetch', 'batch', 'decided', 'requests'];
    expect(runs.filter((run) => run.proven && free.includes(run.kind)).map(nameOf)).toEqual([]);
  });

  it('in its place, a NEW-VIEW with other entries is proven too', () => {
    const proven = runs.filter((run) => run.proven && run.placing === 'instead').map(nameOf);
    expect(proven).toContain('newView: an entry left out');
  });
});
