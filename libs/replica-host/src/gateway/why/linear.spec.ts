import { memberIndex, millis, sequence, view } from '@concordat/protocol';
import { membersOf } from '../testing/members';
import { waitingEnvelope, whyOf, type Waiting } from '../testing/waiting';
import type { Why } from './why';

/** Views 6 and 7 are led by n3, 8 and 9 by n0. */
const VIEW = view(7);
const table = { engine: 'hotstuff' } as const;
const timer = { timer: 'progress', startedAt: millis(1_000), lengthMs: 125, envelope: waitingEnvelope } as const;
const state = { view: VIEW, promisedView: VIEW, leader: memberIndex(3), timer };
const down = 'nobody who is heard here hears it: it is down, or cut off from all of them';
const block = { view: VIEW, sequence: sequence(51), proposed: sequence(51) };
const signers = membersOf(0, 1, 2);

describe('why a proposal is not decided, where views go on with each block', () => {
  const rows: readonly { name: string; given: Waiting; expected: Partial<Why>; missing?: readonly string[] }[] = [
    {
      name: 'the leader of the view is there and has not proposed it, though other blocks are under way',
      given: { progress: { view: VIEW, proposed: sequence(53) } },
      expected: {
        leader: 'n3' as never,
        timer: { ...timer, runsOutInMs: 25, isOwn: false },
        reasons: ['The leader n3 has not proposed it yet; 3 envelopes wait here.'],
        whatWouldHelp: ['It proposes it, or members ask for a view under n0, here within 25 ms.'],
      },
      missing: ['n3: it is heard, and has not proposed it yet'],
    },
    {
      name: 'the leader of the view is down, and leads the next one too',
      given: {
        heard: { 0: [3], 2: [3] },
        progress: { view: view(6) },
        state: { ...state, view: view(6), promisedView: view(6) },
      },
      expected: {
        leader: 'n3' as never,
        reasons: ['The leader n3 is not heard here.'],
        whatWouldHelp: ['Members give its views up until the turn of n0, here within 25 ms.'],
      },
      missing: [`n3: ${down}`],
    },
    {
      name: 'votes for its block are on their way to the leader of the next view',
      given: { progress: { ...block, phase: 'prepare' } },
      expected: {
        phase: 'prepare',
        have: { members: [], weight: 0 },
        reasons: ['Its block at sequence 51 is in PREPARE: 3 certificates of views in a row decide it.'],
        whatWouldHelp: [
          'n3 proposes in view 7, n0 brings the certificate of the votes; or members give the view up, here within 25 ms.',
        ],
      },
      missing: [
        'n0: it is heard, and has not brought the certificate of the votes yet',
        'n3: it is heard, and has not brought a block that is certified yet',
      ],
    },
    {
      name: 'the member that counts the votes knows who has not voted',
      given: { self: 0, progress: { ...block, phase: 'prepare', voters: membersOf(0, 3) } },
      expected: {
        have: { members: ['n0', 'n3'] as never, weight: 2 },
        reasons: ['Its sequence 51 lacks PREPARE of 1 member more, from among n1, n2.'],
      },
      missing: ['n1: it is heard, and has not voted yet', 'n2: it is heard, and has not voted yet'],
    },
    {
      name: 'the leader of the next view, to whom the votes go, is down',
      given: { heard: { 2: [0], 3: [0] }, progress: { ...block, phase: 'prepare' } },
      expected: {
        reasons: [
          'The votes of view 7 go to n0, which leads the next one and is not heard here.',
          'Its block at sequence 51 is in PREPARE: 3 certificates of views in a row decide it.',
        ],
      },
      missing: [`n0: ${down}`, 'n3: it is heard, and has not brought a block that is certified yet'],
    },
    {
      name: 'its block is certified, and the two on top of it are not; those below it hold nothing up',
      given: {
        progress: {
          ...block,
          phase: 'pre-commit',
          voters: signers,
          behind: { sequence: sequence(50), phase: 'commit', voters: signers },
        },
      },
      expected: {
        phase: 'pre-commit',
        have: { members: [], weight: 0 },
        reasons: ['Its block at sequence 51 is in PRE-COMMIT: 2 certificates of views in a row decide it.'],
      },
    },
    {
      name: 'views have failed since the last decision',
      given: {
        failedViews: 2,
        progress: { ...block, phase: 'commit', voters: signers, proposed: sequence(53) },
        state: { timer: { ...timer, lengthMs: 500 } },
      },
      expected: {
        phase: 'commit',
        reasons: [
          'Its block at sequence 51 is in COMMIT: 1 certificate more decides it.',
          '2 views have failed since the last decision: a quorum gave up waiting for a block, or for its certificate.',
        ],
      },
    },
    {
      name: 'this member gave its view up, and no quorum has',
      given: {
        failedViews: 1,
        progress: { ...block, phase: 'prepare' },
        state: { promisedView: view(8), asking: membersOf(1) },
      },
      expected: {
        phase: 'view-change',
        leader: 'n0' as never,
        have: { members: ['n1'] as never, weight: 1 },
        reasons: [
          'This member has given up view 7 and asks for view 8; with it ask n1, and a quorum must.',
          '1 view has failed since the last decision: a quorum gave up waiting for a block, or for its certificate.',
        ],
      },
      missing: ['n0', 'n2', 'n3'].map((name) => `${name}: it is heard, and has not asked for another view`),
    },
    {
      name: 'the window is full',
      given: { progress: { view: VIEW, proposed: sequence(64) } },
      expected: {
        reasons: [
          'The window is full: sequences up to 64 are proposed, and no more may be until a checkpoint is stable.',
        ],
      },
    },
    {
      name: 'it is decided, and not executed here',
      given: { failedViews: 1, progress: { ...block, phase: 'decided', voters: signers } },
      expected: {
        reasons: ['It is decided at sequence 51; this member has executed up to 50 and fetches what it lacks.'],
      },
      missing: [],
    },
    {
      name: 'the epoch ends, and its block is in it',
      given: { progress: { ...block, phase: 'commit', voters: signers }, state: { boundary: sequence(72) } },
      expected: { reasons: ['Its block at sequence 51 is in COMMIT: 1 certificate more decides it.'] },
    },
    {
      name: 'its deadline has passed, and its block was proposed before',
      given: { expiresAt: 1_000, progress: { ...block, phase: 'commit', voters: signers } },
      expected: { reasons: ['Its block at sequence 51 is in COMMIT: 1 certificate more decides it.'] },
    },
  ];
  it.each(rows)('$name', ({ given, expected, missing }) => {
    const answer = whyOf({ ...given, table, state: { ...state, ...given.state } });
    expect(answer).toMatchObject({ status: 'active', ...expected });
    if (missing !== undefined) expect(answer.missing.map(({ nodeId, why }) => `${nodeId}: ${why}`)).toEqual(missing);
  });
});
