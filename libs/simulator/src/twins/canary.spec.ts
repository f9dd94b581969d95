import type { Effect, ReplicaOptions, Replica, ReplicaEvent } from '@concordat/consensus';
import type { Committee, MemberIndex } from '@concordat/protocol';
import { sweepTwins } from './sweep';

/** What is wrong with every engine that is made from now on. */
let defect: (options: ReplicaOptions, make: (options: ReplicaOptions) => Replica) => Replica;

jest.mock('@concordat/consensus', (): object => {
  const actual = jest.requireActual<{ createReplica: (options: ReplicaOptions) => Replica }>('@concordat/consensus');
  return { ...actual, createReplica: (options: ReplicaOptions) => defect(options, actual.createReplica) };
});

/** An engine whose events or effects somebody tampers with. */
function tampered(
  engine: Replica,
  hears: (event: ReplicaEvent) => boolean,
  wants: (effect: Effect) => boolean,
): Replica {
  const around = Object.create(engine) as Replica;
  around.step = (event) => (hears(event) ? engine.step(event).filter(wants) : []);
  return around;
}

/** A committee that takes two members for a quorum. */
function lax(committee: Committee): Committee {
  const around = Object.create(committee) as Committee;
  around.isQuorum = (members: Iterable<MemberIndex>) => new Set(members).size >= 2;
  return around;
}

const rulesBroken = (): Set<string> =>
  new Set(sweepTwins(1).failures.flatMap(({ violations }) => violations.map(({ rule }) => rule)));

describe('the sweep over twins sees', () => {
  it('nothing wrong with the production engine', () => {
    defect = (options, make) => make(options);
    expect([...rulesBroken()]).toEqual([]);
  });

  it('a quorum that is too small', () => {
    defect = (options, make) => make({ ...options, committee: lax(options.committee) });
    const broken = rulesBroken();
    // Two certificates for one sequence, or two executions of it.
    expect(broken.has('agreement') || broken.has('halted')).toBe(true);
  });

  it('a member that keeps a proof to itself', () => {
    defect = (options, make) =>
      tampered(
        make(options),
        () => true,
        (effect) => effect.kind !== 'accuse',
      );
    expect([...rulesBroken()]).toEqual(['unproven']);
  });

  it('members that never say what they lack', () => {
    defect = (options, make) =>
      tampered(
        make(options),
        (event) => event.kind !== 'timer' || event.timer !== 'status',
        () => true,
      );
    expect([...rulesBroken()]).toEqual(['liveness']);
  });

  it('a proof against an honest member', () => {
    defect = (options, make) => {
      const engine = make(options);
      const around = Object.create(engine) as Replica;
      around.step = (event) =>
        engine.step(event).map((effect) => {
          if (effect.kind !== 'accuse') return effect;
          const accused = ((effect.evidence.accused + 1) % 4) as MemberIndex;
          return { ...effect, evidence: { ...effect.evidence, accused } };
        });
      return around;
    };
    expect([...rulesBroken()]).toContain('framing');
  });
});
