import { attack, liar, liveness, patch, schedule, seeds, test } from './build.mjs';

/** @import { Mutant } from '../types' */

/**
 * Leaving views, starting them, and when.
 *
 * @type {readonly Mutant[]}
 */
export const VIEWS = [
  {
    name: 'new-view-unchecked',
    section: '3',
    rule: 'Backups recompute what a new view starts with.',
    patches: [patch('pbft/view-changes', 'if (!followsPlan(message.entries, plan)) {', 'if (plan.lowest < 0) {')],
    killers: [
      seeds(40, ['new-view'], liar(1, 'new-view-liar')),
      schedule('a NEW-VIEW that leaves out what was prepared is refused, and is a proof'),
    ],
  },
  {
    name: 'contradictory-new-view-unpunished',
    section: '8',
    rule: 'A NEW-VIEW that its own parts contradict is evidence.',
    patches: [
      patch(
        'pbft/view-changes',
        "context.accuse({ kind: 'contradictory-new-view', accused: message.sender, newView: message, viewChanges: parts });",
        '',
      ),
    ],
    killers: [schedule('a NEW-VIEW that leaves out what was prepared is refused, and is a proof')],
  },
  {
    name: 'second-new-view-unpunished',
    section: '8',
    rule: 'Two NEW-VIEWs of one leader for one view are evidence.',
    patches: [
      patch(
        'pbft/view-changes',
        'return seen?.view === view && seen.digest !== digest;',
        'return seen?.view === -view;',
      ),
    ],
    killers: [
      test(
        'consensus/attack/views',
        'A7 a second NEW-VIEW of one leader is evidence, also once the first one was entered',
      ),
    ],
  },
  {
    name: 'lowest-view-wins',
    section: '3',
    rule: 'Of two certificates for one slot the one of the higher view goes on.',
    patches: [patch('pbft/view-change-rules', 'earlier.view < certificate.view', 'earlier.view > certificate.view')],
    killers: [schedule('of two certificates for a slot, the one of the higher view goes on')],
  },
  {
    name: 'lowest-stable-wins',
    section: '3',
    rule: 'A new view starts at the highest stable checkpoint among its VIEW-CHANGEs.',
    patches: [
      patch(
        'pbft/view-change-rules',
        'candidate.sequence > (stable?.sequence ?? base)',
        'candidate.sequence < (stable?.sequence ?? Infinity)',
      ),
    ],
    killers: [seeds(40, ['new-view']), schedule('a view starts with members at different stable checkpoints')],
  },
  {
    name: 'checkpoint-not-adopted',
    section: '3',
    rule: 'The checkpoint that a new view starts from is durable at its leader before its NEW-VIEW binds it.',
    patches: [
      patch(
        'pbft/view-changes',
        'must be before.\n    if (plan.stable !== undefined) this.checkpoints.adopt(plan.stable);',
        'must be before.',
      ),
    ],
    killers: [
      test(
        'consensus/attack/restart',
        'R1 SAFETY: NEW-VIEW durable, the checkpoint that it adopts is not: no second decision at a stable sequence',
      ),
    ],
  },
  {
    name: 'hidden-certificate',
    section: '3',
    rule: 'A VIEW-CHANGE tells of everything that its sender prepared.',
    patches: [
      patch(
        'pbft/view-changes',
        'prepared: this.agreement.preparedAbove(context.stable),',
        'prepared: this.agreement.preparedAbove(context.stable).slice(0, -1),',
      ),
    ],
    killers: [seeds(20, ['view-change'])],
  },
  {
    name: 'batches-not-awaited',
    section: '3',
    rule: 'A leader builds NEW-VIEW only from VIEW-CHANGEs whose batches it holds.',
    patches: [patch('pbft/view-changes', '.filter((message) => this.missingBatchesOf(message).length === 0)', '')],
    killers: [
      schedule('a batch that a liar says to be prepared, and that it keeps to itself, does not stop the next view'),
    ],
  },
  {
    name: 'new-view-of-too-few',
    section: '3',
    rule: 'A NEW-VIEW stands on a quorum of VIEW-CHANGEs.',
    patches: [
      patch('protocol/validity', 'if (!committee.isQuorum(senders)) return', 'if (senders.length === 0) return'),
    ],
    killers: [
      attack(
        'a new view over fewer VIEW-CHANGEs than a quorum is not entered, whatever was decided before (scenario 7)',
      ),
    ],
  },
  {
    name: 'proposes-over-entries',
    section: '3',
    rule: 'A new leader proposes only above what its view starts with.',
    patches: [
      patch(
        'pbft/agreement',
        'this.nextSequence = (Math.max(last, context.stable, context.ledger.executed) + 1) as Sequence;',
        'this.nextSequence = (lowest + 1) as Sequence;',
      ),
    ],
    killers: [
      seeds(60, ['engine-throws', 'one-vote', 'agreement']),
      test('consensus/pbft/view-changes', 'proposes as the new leader above the entries'),
    ],
  },
  {
    name: 'joins-nobody',
    section: '3',
    rule: 'f + 1 members that ask for a view take everyone along.',
    patches: [
      patch(
        'pbft/view-changes',
        'if (!context.committee.hasHonest(',
        'if (above.length >= 0 || !context.committee.hasHonest(',
      ),
    ],
    killers: [schedule('f + 1 members that ask for a view take everyone along, also those that know of no reason')],
  },
  {
    name: 'joins-anybody',
    section: '3',
    rule: 'One member that asks for views takes nobody along.',
    patches: [
      patch(
        'pbft/view-changes',
        'if (!context.committee.hasHonest(',
        'if (above.length === 0 && !context.committee.hasHonest(',
      ),
    ],
    killers: [attack('one member that asks for views, near and far, takes nobody along (scenario 24)')],
  },
  {
    name: 'joins-the-largest',
    section: '3',
    rule: 'Of the views that f + 1 members ask for, the smallest is joined.',
    patches: [patch('pbft/view-changes', 'Math.min(...above.map', 'Math.max(...above.map')],
    killers: [attack('of the views that f + 1 members ask for, the smallest is joined (scenario 17)')],
  },
  {
    name: 'request-not-relayed',
    section: '3',
    rule: 'Members relay each admitted request to all.',
    patches: [patch('member/admission', "context.emit({ kind: 'broadcast', draft });", '')],
    killers: [liveness('a relayed request is decided in view 0, and nobody leaves it for want of knowing it')],
  },
  {
    name: 'any-progress-counts',
    section: '3',
    rule: 'Only the execution of the oldest waiting request stops its timer.',
    patches: [patch('pbft/progress', 'if (id !== this.timed) return;', '')],
    killers: [
      liveness('a leader that keeps deciding does not get around a request that it never hears of (scenario 21)'),
    ],
  },
  {
    name: 'reputation-ignored',
    section: '5',
    rule: 'Where leaders go by reputation, who has less leads less often.',
    patches: [patch('protocol/leader-schedule', '(reputation * (TURNS_MAX - 1)) / REPUTATION_ONE', 'TURNS_MAX - 1')],
    killers: [
      test('consensus/attack/slow-leader', 'loses the lead, and most of its turns, once reputation decisions say so'),
    ],
  },
  {
    name: 'shut-out-for-ever',
    section: '5',
    rule: 'Who has no reputation at all still has a turn.',
    patches: [patch('protocol/leader-schedule', 'turns: 1 + Math.floor(', 'turns: Math.floor(')],
    killers: [test('protocol/committee', 'have turns by what they are held to be worth, and nobody has none')],
  },
  {
    name: 'isolated-leads',
    section: '5',
    rule: 'An isolated member never leads.',
    patches: [patch('protocol/leader-schedule', '.filter(({ isolated }) => !isolated)', '')],
    killers: [test('protocol/committee', 'never leads')],
  },
  {
    name: 'timer-not-doubled',
    section: '3',
    rule: 'The timer doubles with each failed view.',
    patches: [patch('pbft/progress', 'this.failedViews++;', '')],
    killers: [liveness('views last longer after each failed one, until even a slow network decides')],
  },
  {
    name: 'timer-never-falls',
    section: '3',
    rule: 'The timer falls back once the request that it belonged to is executed.',
    patches: [patch('pbft/progress', 'if (this.context.active) this.failedViews = 0;', '')],
    killers: [liveness('a faulty leader every so many views costs the same time each time (scenario 16)')],
  },
  {
    name: 'new-view-clock-too-soon',
    section: '3',
    rule: 'The clock for NEW-VIEW runs only once a quorum asked for the view.',
    patches: [
      patch(
        'pbft/view-changes',
        'if (context.committee.isQuorum(asking)) this.progress',
        'if (asking.length > 0) this.progress',
      ),
    ],
    killers: [liveness('a member that leaves a view alone asks for the next one only, until a quorum asks with it')],
  },
  {
    name: 'view-change-sent-once',
    section: '1',
    rule: 'A VIEW-CHANGE is sent again to whoever lacks it.',
    patches: [patch('pbft/help', 'this.forward(message.sender, held);', 'continue;')],
    killers: [
      seeds(60, ['liveness'], liar(0, 'silent')),
      liveness('VIEW-CHANGEs that were lost come again until the view is entered (scenario 18)'),
    ],
  },
  {
    name: 'new-view-sent-once',
    section: '1',
    rule: 'A NEW-VIEW is sent again to whoever lacks it.',
    patches: [patch('pbft/help', 'this.forward(message.sender, viewChanges.current);', '')],
    killers: [liveness('a NEW-VIEW that was lost comes again to the member that lacks it (scenario 18)')],
  },
  {
    name: 'proposes-without-state',
    section: '3',
    rule: 'A leader without the stable state proposes nothing.',
    patches: [patch('pbft/agreement', 'if (context.ledger.executed < context.stable) return;', '')],
    killers: [schedule('a leader that lacks the stable state proposes nothing, and the next view goes on')],
  },
  {
    name: 'two-view-changes-unpunished',
    section: '8',
    rule: 'Two VIEW-CHANGEs of one signer for one view are evidence.',
    patches: [
      patch(
        'pbft/view-changes',
        'context.accuseOfEquivocation(signedStatement(earlier), signedStatement(message));',
        '',
      ),
    ],
    killers: [
      test(
        'consensus/pbft/view-changes',
        'accuses a member of two VIEW-CHANGEs, and a leader of two NEW-VIEWs, for one view',
      ),
    ],
  },
];
