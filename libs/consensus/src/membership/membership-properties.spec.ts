import * as fc from 'fast-check';
import { checkEpochTable, encodeEpochTable, faultsTolerated, toHex, type Sequence } from '@concordat/protocol';
import {
  approvedBy,
  isolateOf,
  joinOf,
  leaveOf,
  membershipOf,
  releaseOf,
  restored,
  rotateOf,
  scoreOf,
  tableOf,
  writtenBy,
} from '../testing/membership';
import type { ChangeResult, Membership } from './membership';
import type { Operation } from './operation';

fc.configureGlobal({ seed: 41, numRuns: 100 });

/** What somebody asks for, before it is known in which epoch and at which sequence. */
interface Wish {
  readonly kind: Operation['kind'] | 'epoch';
  readonly node: string;
  readonly key: string;
  readonly score: number;
  readonly f: number | undefined;
  readonly nonceStep: number;
  readonly by: readonly string[];
  readonly skip: number;
}

const nodes = fc.constantFrom('n1', 'n1', 'n1', 'n0', 'n2', 'n3', 'n4', 'a', 'b', 'c');
const wish: fc.Arbitrary<Wish> = fc.record({
  kind: fc.constantFrom('join', 'leave', 'rotate', 'reputation', 'isolate', 'release', 'release', 'join', 'epoch'),
  node: nodes,
  key: fc.constantFrom('k0', 'k1', 'k2', 'k3', 'k4', 'k5', 'k6', 'k7'),
  score: fc.double({ min: 0, max: 1, noNaN: true }),
  f: fc.constantFrom(undefined, undefined, 0, 1, 2),
  nonceStep: fc.constantFrom(0, 1, 1, 1, 5),
  by: fc.constantFrom(['root'], ['root'], ['root'], ['deputy'], ['n0', 'n1', 'n2', 'n3', 'n4'], ['n0', 'n1'], ['x']),
  skip: fc.nat(3),
});

interface Step {
  readonly sequence: Sequence;
  readonly value: Uint8Array;
}
/** A request at a sequence, or the change to the next epoch. */
type Event = Step | 'epoch';

function operationOf(said: Wish, nonce: number, epoch: number, stable: number): Operation {
  const { kind, node, key, score, f } = said;
  switch (kind) {
    case 'join':
      return joinOf(nonce, node, { key, epoch, stable, initial_reputation: score, ...(f === undefined ? {} : { f }) });
    case 'rotate':
      return rotateOf(nonce, node, key, { epoch, stable });
    case 'leave':
      return leaveOf(nonce, node, f);
    case 'isolate':
      return isolateOf(nonce, node);
    case 'release':
      return releaseOf(nonce, node);
    default:
      return scoreOf(nonce, node, score);
  }
}

/** Turns wishes into requests as the pending state would take them, most of them well-formed and fresh. */
function plan(weightedVoting: boolean, wishes: readonly Wish[]): Event[] {
  const events: Event[] = [];
  let epoch = 0;
  let sequence = 1;
  let nonce = 1;
  let boundary = 0;
  const probe = { membership: membershipOf(tableOf(5, { weightedVoting })) };
  for (const said of wishes) {
    if (said.kind === 'epoch') {
      if (boundary === 0) continue;
      events.push('epoch');
      sequence = boundary + 1;
      probe.membership = probe.membership.succeed();
      epoch++;
      boundary = 0;
      continue;
    }
    sequence = boundary === 0 ? sequence + said.skip : Math.min(boundary, sequence + said.skip);
    nonce += said.nonceStep;
    const value = approvedBy(operationOf(said, nonce, epoch, Math.max(0, sequence - said.skip)), ...said.by);
    events.push({ sequence: sequence as Sequence, value });
    probe.membership.execute(sequence as Sequence, value);
    boundary = probe.membership.boundary;
  }
  return events;
}

const schedule = fc
  .record({ weightedVoting: fc.boolean(), wishes: fc.array(wish, { minLength: 1, maxLength: 40, size: 'max' }) })
  .map(({ weightedVoting, wishes }) => ({
    table: tableOf(5, { weightedVoting }),
    events: plan(weightedVoting, wishes),
  }));

const stateOf = (membership: Membership): string =>
  `${toHex(writtenBy(membership))} ${membership.next === undefined ? '' : toHex(encodeEpochTable(membership.next))}`;

it('accepts a fair share of the random operations, of every kind', () => {
  const accepted = new Map<string, number>();
  fc.assert(
    fc.property(schedule, ({ table, events }) => {
      let membership = membershipOf(table);
      for (const event of events) {
        if (event === 'epoch') membership = membership.succeed();
        else {
          const result = membership.execute(event.sequence, event.value);
          if (result.accepted) accepted.set(result.kind, (accepted.get(result.kind) ?? 0) + 1);
        }
      }
    }),
  );
  const seldom = ['join', 'leave', 'rotate', 'reputation', 'isolate', 'release'].filter(
    (kind) => (accepted.get(kind) ?? 0) < 10,
  );
  expect([seldom, accepted]).toEqual([[], accepted]);
});

it('two members come to the same results, tables and digests, and one that restarts at any point too', () => {
  fc.assert(
    fc.property(schedule, fc.nat(40), ({ table, events }, restartAt) => {
      let [one, other] = [membershipOf(table), membershipOf(table)];
      let current = table;
      events.forEach((event, index) => {
        if (index === restartAt) other = restored(current, writtenBy(other));
        if (event === 'epoch') {
          current = one.next!;
          [one, other] = [one.succeed(), other.succeed()];
        } else {
          // Being written in between changes nothing.
          if (index % 3 === 0) writtenBy(one);
          expect(other.execute(event.sequence, event.value)).toEqual(one.execute(event.sequence, event.value));
        }
        expect(stateOf(other)).toBe(stateOf(one));
      });
    }),
  );
});

it('every pending table is valid, follows the current one, and keeps n >= 3f + 1 and at most f isolated', () => {
  fc.assert(
    fc.property(schedule, ({ table, events }) => {
      let membership = membershipOf(table);
      let current = table;
      for (const event of events) {
        if (event === 'epoch') {
          current = membership.next!;
          membership = membership.succeed();
          continue;
        }
        const before = stateOf(membership);
        const result: ChangeResult = membership.execute(event.sequence, event.value);
        const { next } = membership;
        expect(result.accepted).toBe(result.reason === '');
        if (next !== undefined) {
          checkEpochTable(next);
          expect(next.epoch).toBe(current.epoch + 1);
          expect(next.f).toBeLessThanOrEqual(faultsTolerated(next.members.length));
          expect(next.members.filter(({ isolated }) => isolated).length).toBeLessThanOrEqual(next.f);
          expect(next.baseSequence % next.checkpointInterval).toBe(0);
          expect(next.baseSequence).toBe(membership.boundary);
        }
        if (result.accepted) {
          expect(result.boundary).toBe(membership.boundary);
          expect(stateOf(membership)).not.toBe(before);
        }
      }
    }),
  );
});

it('a replayed request never changes anything, neither at once nor later, in this epoch or another', () => {
  fc.assert(
    fc.property(schedule, ({ table, events }) => {
      let membership = membershipOf(table);
      const executed: Step[] = [];
      for (const event of events) {
        if (event === 'epoch') {
          membership = membership.succeed();
          continue;
        }
        membership.execute(event.sequence, event.value);
        executed.push(event);
        const state = stateOf(membership);
        for (const { value } of executed) {
          expect(membership.execute(event.sequence, value).accepted).toBe(false);
          expect(stateOf(membership)).toBe(state);
        }
      }
    }),
    { numRuns: 30 },
  );
});
