import type { ReplicaOptions, Replica } from '@concordat/consensus';
import type { Committee, MemberIndex, MessageKind, Rejection, Signed } from '@concordat/protocol';
import { sweepMutations } from './sweep';

/** What is wrong with every engine, or with the checks before it. */
let quorum: number | undefined;
let unchecked = false;

jest.mock('@concordat/consensus', (): object => {
  const actual = jest.requireActual<{ createReplica: (options: ReplicaOptions) => Replica }>('@concordat/consensus');
  const createReplica = (options: ReplicaOptions): Replica =>
    actual.createReplica(quorum === undefined ? options : { ...options, committee: lax(options.committee, quorum) });
  return { ...actual, createReplica };
});

jest.mock('@concordat/protocol', (): object => {
  const actual = jest.requireActual<{ checkContent: (context: object, message: Signed) => Rejection | undefined }>(
    '@concordat/protocol',
  );
  return {
    ...actual,
    checkContent: (context: object, message: Signed) => (unchecked ? undefined : actual.checkContent(context, message)),
  };
});

function lax(committee: Committee, least: number): Committee {
  const around = Object.create(committee) as Committee;
  around.isQuorum = (members: Iterable<MemberIndex>) => new Set(members).size >= least;
  return around;
}

/** Two executions of one sequence, or two certificates for it. */
const DISAGREEMENT = ['agreement', 'halted'];

/** Whether a change with that name breaks one of the rules. */
function breaks(rules: readonly string[], kind: MessageKind, name: string): boolean {
  const isWanted = (other: MessageKind, mutation: string): boolean => other === kind && mutation === name;
  const runs = [
    ...sweepMutations({ engine: 'pbft', members: [1], ofKindMax: 1, isWanted, tolerated: ['certificate'] }),
  ];
  expect(runs.length).toBeGreaterThan(0);
  return runs.some(({ result }) => result.violations.some(({ rule }) => rules.includes(rule)));
}

describe('the sweep over mutations sees', () => {
  afterEach(() => {
    quorum = undefined;
    unchecked = false;
  });

  it('nothing of the kind in the production engine', () => {
    expect(breaks(DISAGREEMENT, 'commit', 'another digest')).toBe(false);
    expect(breaks(['validity'], 'prePrepare', 'an unsigned request')).toBe(false);
  });

  it('members that believe a single vote', () => {
    quorum = 1;
    expect(breaks(DISAGREEMENT, 'commit', 'another digest')).toBe(true);
  });

  it('requests that nobody checks', () => {
    unchecked = true;
    expect(breaks(['validity'], 'prePrepare', 'an unsigned request')).toBe(true);
  });
});
