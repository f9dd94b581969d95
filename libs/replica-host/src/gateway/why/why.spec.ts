import { millis, proposalId, sequence, view } from '@concordat/protocol';
import { executedIn, settledRequest } from '../lookup';
import { blockOf, gatewayEnvelope } from '../testing/blocks';
import { committeeOf, membersOf } from '../testing/members';
import { all, waitingEnvelope as envelope, whyOf as why, type Waiting } from '../testing/waiting';
import { whySettled, type Why } from './why';

const timer = { timer: 'progress', startedAt: millis(900), lengthMs: 500, envelope } as const;
const missing = ({ missing: members }: Why): string[] =>
  members.map(({ nodeId, why: reason }) => `${nodeId}: ${reason}`);
const down = 'nobody who is heard here hears it: it is down, or cut off from all of them';

describe('why a proposal is not decided', () => {
  const rows: readonly { name: string; given: Waiting; expected: Partial<Why>; missing?: readonly string[] }[] = [
    {
      name: 'members are down and no side has a quorum',
      given: {
        heard: { 0: [2, 3] },
        progress: { phase: 'prepare', sequence: sequence(51), voters: membersOf(0, 1), proposed: sequence(51) },
      },
      expected: {
        phase: 'prepare',
        sequence: 51,
        have: { members: ['n0', 'n1'] as never, weight: 2 },
        need: 3,
        reasons: [
          'This member exchanges messages with n0, n1 only, that is 2 members of the 3 members of a quorum. No other side has a quorum either: n2, n3 (not heard).',
          'Its sequence 51 lacks PREPARE of 1 member more, from among n2, n3.',
        ],
        whatWouldHelp: ['Bring back at least 1 member of n2, n3.', 'A vote of 1 member more decides the phase.'],
      },
      missing: [`n2: ${down}`, `n3: ${down}`],
    },
    {
      name: 'the swarm is in parts, and the other part knows nobody either',
      given: { weights: [1, 1, 1, 1, 1, 1, 1], heard: { 0: [2, 3, 4, 5, 6] } },
      expected: {
        reasons: [
          'This member exchanges messages with n0, n1 only, that is 2 members of the 5 members of a quorum. The others may decide without it.',
        ],
        whatWouldHelp: ['Bring back at least 3 members of n2, n3, n4, n5, n6.', 'Ask another member.'],
      },
    },
    {
      name: 'this member alone is cut off',
      given: { heard: {} },
      expected: {
        reasons: [
          'This member is cut off: it exchanges messages with nobody, and a quorum is 3 members. The others may decide without it.',
        ],
        whatWouldHelp: ['Mend the way from this member to the NATS server.', 'Ask another member, and propose there.'],
      },
      missing: [`n0: ${down}`, `n2: ${down}`, `n3: ${down}`],
    },
    {
      name: 'this member is heard by nobody, and hears all',
      given: {
        heard: { 0: [1], 2: [1], 3: [1] },
        progress: { phase: 'prepare', sequence: sequence(51), voters: membersOf(1), proposed: sequence(51) },
      },
      expected: {
        linksDown: [0, 2, 3].map((to) => ({ from: 'n1', to: `n${String(to)}` })) as never,
        reasons: [
          'This member is cut off: it exchanges messages with nobody, and a quorum is 3 members. The others may decide without it.',
          'Its sequence 51 lacks PREPARE of 2 members more, from among n0, n2, n3.',
        ],
      },
      missing: [0, 2, 3].map((member) => `n${String(member)}: it says that it does not hear this member`),
    },
    {
      name: 'the leader is silent',
      given: { heard: { 2: [0], 3: [0] }, state: { timer } },
      expected: {
        leader: 'n0' as never,
        timer: { ...timer, runsOutInMs: 300, isOwn: true },
        reasons: ['The leader n0 is not heard here.'],
        whatWouldHelp: ['Members give it up and ask for a view under n1, here within 300 ms.'],
      },
      missing: [`n0: ${down}`],
    },
    {
      name: 'the leader does not hear this member',
      given: { heard: { ...all, 0: [1] }, state: { timer: { ...timer, envelope: undefined } } },
      expected: {
        timer: { ...timer, envelope: undefined, runsOutInMs: 300, isOwn: false } as never,
        reasons: ['The leader n0 does not hear this member.'],
      },
    },
    {
      name: 'the leader is there and does not propose',
      given: { state: { timer } },
      expected: {
        reasons: ['The leader n0 has not proposed it yet; 3 envelopes wait here.'],
        whatWouldHelp: ['It proposes it, or members ask for a view under n1, here within 300 ms.'],
      },
      missing: ['n0: it is heard, and has not proposed it yet'],
    },
    {
      name: 'this member leads and has not come to it',
      given: { self: 0 },
      expected: { reasons: ['This member leads and has not proposed it yet; 3 envelopes wait here.'] },
    },
    {
      name: 'it waits behind a full pipeline',
      given: {
        progress: {
          proposed: sequence(58),
          behind: { sequence: sequence(51), phase: 'commit', voters: membersOf(0, 1) },
        },
      },
      expected: {
        have: { members: ['n0', 'n1'] as never, weight: 2 },
        reasons: [
          'Sequence 51, which comes before it, lacks COMMIT of 1 member more, from among n2, n3.',
          'It waits behind 8 sequences that are proposed and not executed (up to 58).',
        ],
      },
    },
    {
      name: 'the window is full',
      given: {
        progress: {
          proposed: sequence(64),
          behind: { sequence: sequence(51), phase: 'decided', voters: membersOf(0, 1, 2) },
        },
      },
      expected: {
        reasons: [
          'The window is full: sequences up to 64 are proposed, and no more may be until a checkpoint is stable.',
        ],
      },
    },
    {
      name: 'its own sequence lacks votes of members that are there',
      given: {
        heard: { 0: [], 2: [0], 3: [] },
        state: { proven: membersOf(3) },
        progress: { phase: 'commit', sequence: sequence(51), voters: membersOf(0, 1), proposed: sequence(51) },
      },
      expected: {
        phase: 'commit',
        reasons: [
          'No set of members is there of whom each reaches a quorum of them: links between others are down.',
          'Its sequence 51 lacks COMMIT of 1 member more, from among n2, n3.',
        ],
      },
      missing: [
        'n2: it says that it does not hear the leader n0',
        'n3: it is proven to lie: nobody should count on its vote',
      ],
    },
    {
      name: 'its deadline has passed, and no leader has proposed it',
      given: { expiresAt: 1_000 },
      expected: {
        reasons: [
          'The leader n0 has not proposed it yet; 3 envelopes wait here.',
          'Its deadline has passed: when it is ordered, it comes out as expired.',
        ],
      },
    },
    {
      name: 'its deadline has passed, and it was proposed before',
      given: {
        expiresAt: 1_000,
        progress: { phase: 'prepare', sequence: sequence(51), voters: membersOf(0, 1), proposed: sequence(51) },
      },
      expected: { reasons: ['Its sequence 51 lacks PREPARE of 1 member more, from among n2, n3.'] },
    },
    {
      name: 'this member asks for another view, and no quorum does',
      given: { progress: { phase: 'view-change' }, state: { promisedView: view(1), asking: membersOf(1) } },
      expected: {
        phase: 'view-change',
        leader: 'n1' as never,
        have: { members: ['n1'] as never, weight: 1 },
        reasons: ['This member has given up view 0 and asks for view 1; with it ask n1, and a quorum must.'],
      },
      missing: ['n0', 'n2', 'n3'].map((name) => `${name}: it is heard, and has not asked for another view`),
    },
    {
      name: 'a quorum asks for another view, and its leader is down',
      given: {
        heard: { 0: [2], 3: [2] },
        progress: { phase: 'view-change' },
        state: {
          promisedView: view(2),
          asking: membersOf(0, 1, 3),
          timer: { timer: 'new-view', startedAt: millis(1_000), lengthMs: 2_000, envelope: undefined },
        },
      },
      expected: {
        leader: 'n2' as never,
        timer: {
          timer: 'new-view',
          startedAt: millis(1_000),
          lengthMs: 2_000,
          envelope: undefined,
          runsOutInMs: 1_900,
          isOwn: false,
        } as never,
        reasons: [
          'The leader n2 is not heard here.',
          'A quorum asks for view 2, and its leader n2 has not begun it yet.',
        ],
        whatWouldHelp: [
          'The next leader n3 gets its turn within 1900 ms.',
          'n2 begins it, or n3 gets its turn within 1900 ms.',
        ],
      },
      missing: [],
    },
    {
      name: 'the epoch ends',
      given: { state: { boundary: sequence(72) } },
      expected: {
        reasons: ['The epoch ends at sequence 72 and is at 50: until then nothing new is ordered.'],
        whatWouldHelp: ['It is ordered in the next epoch, which begins by itself.'],
      },
    },
    {
      name: 'it is decided, and something before it is not',
      given: {
        progress: {
          phase: 'decided',
          sequence: sequence(53),
          voters: membersOf(0, 1, 2),
          proposed: sequence(53),
          behind: { sequence: sequence(51), phase: 'prepare', voters: membersOf(0, 1) },
        },
      },
      expected: {
        phase: 'decided',
        have: { members: ['n0', 'n1'] as never, weight: 2 },
        reasons: ['Sequence 51, which comes before it, lacks PREPARE of 1 member more, from among n2, n3.'],
      },
    },
    {
      name: 'it is decided, and not executed here',
      given: {
        progress: { phase: 'decided', sequence: sequence(53), voters: membersOf(0, 1, 2), proposed: sequence(53) },
      },
      expected: {
        reasons: ['It is decided at sequence 53; this member has executed up to 50 and fetches what it lacks.'],
      },
      missing: [],
    },
    {
      name: 'it has a quorum and moves on',
      given: {
        progress: { phase: 'prepare', sequence: sequence(51), voters: membersOf(0, 1, 2), proposed: sequence(51) },
      },
      expected: { reasons: ['Nothing is known to hold it up: it is on its way.'], whatWouldHelp: ['Wait.'] },
      missing: [],
    },
    {
      name: 'this member only follows',
      given: {
        state: { votes: false },
        progress: { phase: 'prepare', sequence: sequence(51), voters: membersOf(0, 2, 3), proposed: sequence(51) },
      },
      expected: { reasons: ['This member only follows in this epoch: it has no vote.'] },
    },
    {
      name: 'weights count, not members',
      given: {
        // W = 9, F = 3: a quorum weighs 7.
        weights: [2, 2, 2, 1, 1, 1],
        table: { f: 1 },
        heard: { 0: [], 2: [], 3: [], 4: [], 5: [] },
        progress: { phase: 'prepare', sequence: sequence(51), voters: membersOf(0, 3, 4, 5), proposed: sequence(51) },
      },
      expected: {
        have: { members: ['n0', 'n3', 'n4', 'n5'] as never, weight: 5 },
        need: 6,
        reasons: ['Its sequence 51 lacks PREPARE of weight 1 more, from among n1, n2.'],
      },
      missing: ['n1: this member has not voted yet', 'n2: it is heard, and has not voted yet'],
    },
  ];
  it.each(rows)('$name', ({ given, expected, missing: awaited }) => {
    const answer = why(given);
    expect(answer).toMatchObject({ status: 'active', ...expected });
    if (awaited !== undefined) expect(missing(answer)).toEqual(awaited);
  });
});

describe('why of a proposal that was ordered', () => {
  const committee = committeeOf([1, 1, 1, 1]);
  const block = blockOf(
    4,
    [gatewayEnvelope('n1', 1, 'a', 'b', 'c', 'd')],
    ['decided', 'expired', 'duplicate', 'invalid'],
  );
  const record = {
    ...block,
    certificate: {
      ...block.certificate,
      signatures: membersOf(0, 2, 3).map((sender) => ({ sender, signature: new Uint8Array(64) })),
    },
  };
  const rejected =
    'It was ordered and came to nothing (its nonce was used by another request, or it was not valid), at sequence 4.';
  it.each([
    [0, 'decided', 'It is decided, at sequence 4.', []],
    [1, 'expired', 'It was ordered after its deadline, at sequence 4.', ['Propose it again, with more time.']],
    [2, 'rejected', rejected, ['Propose it again as a new request.']],
    [3, 'rejected', rejected, ['Propose it again as a new request.']],
  ] as const)('with outcome %i', (requestIndex, status, reason, help) => {
    const executed = executedIn(record, 0);
    const settled = executed === undefined ? undefined : settledRequest(executed, requestIndex, proposalId);
    if (settled === undefined) throw new Error('it is settled');
    expect(whySettled(settled, committee)).toEqual({
      status,
      phase: 'decided',
      view: 3,
      leader: 'n3',
      sequence: 4,
      have: { members: ['n0', 'n2', 'n3'], weight: 3 },
      need: 3,
      missing: [],
      linksDown: [],
      timer: undefined,
      reasons: [reason],
      whatWouldHelp: help,
    });
  });
});
