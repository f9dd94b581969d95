import { MESSAGE_KINDS, type EngineName, type MessageKind } from '@concordat/protocol';
import { recordScene, sweepMutations, type MutationRun, type MutationSweep } from './sweep';

/** `MUTATIONS=all npx jest --selectProjects simulator --testPathPatterns mutations` changes every message of every member. */
const SWEEP: Omit<MutationSweep, 'engine'> =
  process.env['MUTATIONS'] === 'all'
    ? { members: [0, 1, 2, 3], ofKindMax: Infinity }
    : { members: [0, 1], ofKindMax: 2 };

/** What the scenes cannot show: members never change, nobody is so far behind that a state is taken over, and other engines. */
const ELSEWHERE: Readonly<Record<EngineName, readonly MessageKind[]>> = {
  pbft: ['epochChange', 'snapshot', 'chunk', 'proposal', 'vote', 'timeout', 'syncInfo', 'stable'],
  hotstuff: ['epochChange', 'snapshot', 'chunk', 'prePrepare', 'prepare', 'commit', 'viewChange', 'newView', 'batch'],
};
const kindsOf = (engine: EngineName): MessageKind[] =>
  (Object.keys(MESSAGE_KINDS) as MessageKind[]).filter((kind) => !ELSEWHERE[engine].includes(kind));

/** Changes that the checks at the door must see: nothing of them may reach an engine. */
const REFUSED =
  /^(another epoch|signature of|checkpoint: |prepared: |certificate: |timeouts: |unsigned|an unsigned request|an entry's)/;

/** What two contents of one sender prove, beside the true message; a NEW-VIEW proves itself wrong. */
const PROVEN: Readonly<Record<EngineName, readonly string[]>> = {
  pbft: [
    'prePrepare: another batch',
    'prepare: another digest',
    'commit: another digest',
    'checkpoint: another state',
    'viewChange: a prepared slot hidden',
    'newView: an entry left out',
    'newView: an entry replaced',
  ],
  hotstuff: [
    'proposal: another batch',
    'proposal: the null digest',
    'proposal: an earlier batch again',
    'vote: another block',
    'checkpoint: another state',
  ],
};

/** Kinds of which two contents are no proof: they bind nobody. */
const FREE: readonly MessageKind[] = ['status', 'fetch', 'batch', 'decided', 'requests', 'syncInfo', 'stable'];

const nameOf = ({ kind, mutation }: MutationRun): string => `${kind}: ${mutation}`;

describe.each(Object.keys(ELSEWHERE) as EngineName[])('of %s', (engine) => {
  describe('the recorded scene', () => {
    it.each([0, 1, 2, 3])('breaks no rule, changes its view and decides everything, seen from member %i', (member) => {
      const { result } = recordScene(engine, member);
      expect(result.violations).toEqual([]);
      expect(result.view).toBeGreaterThan(0);
      expect(result.decided).toBe(7);
      expect(result.proofs).toEqual([]);
      expect(recordScene(engine, member).result.traceHash).toBe(result.traceHash);
    });

    it('shows every kind of message', () => {
      const kinds = [0, 1, 2].flatMap((member) =>
        recordScene(engine, member).recorded.map(({ message }) => message.kind),
      );
      expect([...new Set(kinds)].sort()).toEqual([...kindsOf(engine)].sort());
    });
  });

  describe('one field of one message is changed by its own sender', () => {
    const runs = [...sweepMutations({ engine, ...SWEEP })];

    it('and no rule is broken', () => {
      const broken = runs.filter(({ result }) => result.violations.length > 0);
      expect(broken.map((run) => ({ ...run, result: run.result.violations }))).toEqual([]);
      const kinds = new Set(runs.map(({ kind }) => kind));
      for (const kind of kinds) expect(runs.filter((run) => run.kind === kind).length).toBeGreaterThan(5);
      expect(kinds.size).toBeGreaterThan(8);
      expect(runs.length).toBeGreaterThan(700);
    });

    it('what is forged is refused before an engine sees it, and the rest gets as far as the engines', () => {
      const forged = runs.filter(({ mutation }) => REFUSED.test(mutation));
      expect(forged.filter(({ passed }) => passed).map(nameOf)).toEqual([]);
      expect(forged.length).toBeGreaterThan(200);
      expect(runs.filter(({ passed }) => passed).length).toBeGreaterThan(100);
    });

    it('two contents where one is allowed are proven', () => {
      const proven = new Set(runs.filter((run) => run.proven && run.placing === 'beside').map(nameOf));
      expect([...proven]).toEqual(expect.arrayContaining([...PROVEN[engine]]));
      // What is not evidence proves nothing, however wrong it is.
      expect(runs.filter((run) => run.proven && FREE.includes(run.kind)).map(nameOf)).toEqual([]);
    });

    if (engine === 'pbft')
      it('in its place, a NEW-VIEW with other entries is proven too', () => {
        const proven = runs.filter((run) => run.proven && run.placing === 'instead').map(nameOf);
        expect(proven).toContain('newView: an entry left out');
      });
  });
});
