import { patch, test } from './build.mjs';

/** @import { Mutant } from '../types' */

/** A row of the engine's tables. @param {string} title */
const engine = (title) => test('consensus/hotstuff/hotstuff-engine', title);

/** An adversarial schedule of whole swarms. @param {string} title */
const linear = (title) => test('consensus/attack/linear', title);

const apart = test('consensus/hotstuff/agreement', 'nobody decides apart from the others');

/**
 * The rules of the linear engine: votes, locks, decisions, views.
 *
 * @type {readonly Mutant[]}
 */
export const LINEAR = [
  {
    name: 'linear-lock-ignored',
    section: '4',
    rule: 'A vote goes to what stands on the lock, or on a newer certificate.',
    patches: [patch('consensus/hotstuff/safety', 'const free = parent.view', 'const free = true || parent.view')],
    killers: [apart],
  },
  {
    name: 'linear-locks-too-late',
    section: '4',
    rule: 'Two certified blocks in a row lock the lower one.',
    patches: [
      patch(
        'consensus/hotstuff/safety',
        'this.locked = block.parent;',
        'this.locked = this.tree.get(block.parent.digest)?.parent ?? this.locked;',
      ),
    ],
    killers: [apart],
  },
  {
    name: 'linear-votes-twice',
    section: '4',
    rule: 'One vote in a view, and none below it.',
    patches: [patch('consensus/hotstuff/safety', "if (this.hasVoted(view)) return 'voted-already';", '')],
    killers: [apart],
  },
  {
    name: 'linear-views-between',
    section: '4',
    rule: 'Three in a row decide only in consecutive views.',
    patches: [
      patch(
        'consensus/hotstuff/block-tree',
        'return consecutive ? this.pathTo(first.digest) : [];',
        'return this.pathTo(first.digest);',
      ),
    ],
    killers: [apart],
  },
  {
    name: 'linear-certificates-shorten-views',
    section: '4',
    rule: 'Only a decision makes views short again.',
    patches: [
      patch(
        'consensus/hotstuff/pacemaker',
        'onCertified(view: View): boolean {',
        'onCertified(view: View): boolean { this.failed = 0;',
      ),
    ],
    killers: [
      test(
        'consensus/hotstuff/pacemaker',
        'last longer after each that failed, up to a cap; only a decision makes them short again',
      ),
    ],
  },
  {
    name: 'linear-joins-anybody',
    section: '4',
    rule: 'A view is given up with f + 1 members, not with one that may lie.',
    patches: [
      patch(
        'consensus/hotstuff/pacemaker',
        'this.committee.hasHonest(this.whoGaveUp(view, (theirs) => theirs >= view))',
        'this.whoGaveUp(view, (theirs) => theirs >= view).length > 0',
      ),
    ],
    killers: [test('consensus/hotstuff/pacemaker', 'takes f + 1 of them: one alone may lie')],
  },
  {
    name: 'linear-timeouts-of-other-views',
    section: '4',
    rule: 'A view is over when a quorum gave up that very view.',
    patches: [
      patch(
        'consensus/hotstuff/pacemaker',
        'this.committee.isQuorum(this.whoGaveUp(view, (theirs) => theirs === view))',
        'this.committee.isQuorum(this.timeouts.keys())',
      ),
    ],
    killers: [test('consensus/hotstuff/pacemaker', 'takes a quorum for that very view')],
  },
  {
    name: 'linear-one-view-each',
    section: '4',
    rule: 'Each leader has two views in a row.',
    patches: [patch('protocol/committee', 'pbft: 1, hotstuff: 2', 'pbft: 1, hotstuff: 1')],
    killers: [linear('member 0 of four: decisions go on, each within a second')],
  },
  {
    name: 'linear-block-not-durable',
    section: '6',
    rule: 'A block is durable with its batch before the vote for it leaves.',
    patches: [
      patch('hotstuff/voter', 'if (proposal.sender !== context.self)', 'if (proposal.sender === context.self)'),
    ],
    killers: [engine('votes for a block, which is durable first, to the leader of the next view')],
  },
  {
    name: 'linear-lock-not-durable',
    section: '6',
    rule: 'The lock is durable before the vote that shows it leaves.',
    patches: [patch('hotstuff/voter', 'this.persistLock();', '')],
    killers: [
      engine('locks the lower of two certified blocks in a row, durably, before the vote that shows it'),
      engine('is locked though the blocks that showed it are gone (new file: false)'),
    ],
  },
  {
    name: 'linear-votes-forgotten',
    section: '6',
    rule: 'A restarted member knows in which views it voted.',
    patches: [
      patch(
        'hotstuff/hotstuff-engine',
        'this.safety.restore({ votedView, locked });',
        'this.safety.restore({ votedView: ROOT_VIEW, locked });',
      ),
    ],
    killers: [engine('gives its vote again as it was, to the leader that waits for it, and no other in that view')],
  },
  {
    name: 'linear-lock-forgotten',
    section: '6',
    rule: 'A restarted member knows what it is locked on.',
    patches: [
      patch(
        'hotstuff/hotstuff-engine',
        'this.safety.restore({ votedView, locked });',
        'this.safety.restore({ votedView, locked: this.root });',
      ),
    ],
    killers: [engine('is locked though the blocks that showed it are gone (new file: false)')],
  },
  {
    name: 'linear-votes-after-a-tear',
    section: '6',
    rule: 'After a torn log a member votes in no view in which it may have voted.',
    patches: [
      patch(
        'hotstuff/hotstuff-engine',
        'if (recovered.tornTail && this.context.votes) {',
        'if (recovered.tornTail && !this.context.votes) {',
      ),
    ],
    killers: [engine('votes in no view of which a torn log may have lost a vote')],
  },
  {
    name: 'linear-votes-after-a-timeout',
    section: '4',
    rule: 'After it gave a view up a member votes no more in it.',
    patches: [
      patch('hotstuff/views', 'this.safety.gaveUp(view);', ''),
      patch(
        'hotstuff/voter',
        'if (!context.active || view !== context.view',
        'if (!context.votes || view !== context.view',
      ),
    ],
    killers: [engine('votes no more in a view that it gave up')],
  },
  {
    name: 'linear-votes-go-nowhere',
    section: '4',
    rule: 'Votes go to the leader of the next view.',
    patches: [patch('hotstuff/voter', 'leaderOf((view + 1) as View)', 'leaderOf(view)')],
    killers: [engine('votes for a block, which is durable first, to the leader of the next view')],
  },
  {
    name: 'linear-window-ignored',
    section: '3',
    rule: 'A batch is voted on only inside the window.',
    patches: [
      patch(
        'hotstuff/voter',
        'block.batch !== NULL_DIGEST && sequence > context.windowTop',
        'block.batch !== NULL_DIGEST && sequence < 0',
      ),
    ],
    killers: [engine('votes for no block with a batch above its window')],
  },
  {
    name: 'linear-time-ignored',
    section: '6',
    rule: "A fresh batch's time is near the member's clock.",
    patches: [patch('hotstuff/voter', 'distance > context.committee.table.logTimeBoundMs', 'distance < 0')],
    killers: [engine('votes for no block whose time is far from its clock')],
  },
  {
    name: 'linear-proposes-for-ever',
    section: '4',
    rule: 'A leader proposes empty blocks only while something is not decided.',
    patches: [patch('hotstuff/proposer', 'if (batch === undefined && !this.owesBlock()) return;', '')],
    killers: [engine('as a leader, is silent while nothing waits and everybody knows what was decided')],
  },
  {
    name: 'linear-decides-in-secret',
    section: '4',
    rule: 'A leader that alone knows of a decision tells the others with its next block.',
    patches: [patch('hotstuff/proposer', 'this.views.owesProposal || ', '')],
    killers: [linear('member 0 of four: decisions go on, each within a second')],
  },
  {
    name: 'linear-boundary-ignored',
    section: '7',
    rule: "Nothing above an epoch's last sequence is executed in it.",
    patches: [
      patch(
        'hotstuff/chain',
        'return boundary > 0 && sequence > boundary ? undefined : this.decisions.get(sequence);',
        'return this.decisions.get(sequence);',
      ),
      patch('hotstuff/chain', 'return !beyond && sequence', 'return sequence'),
    ],
    killers: [
      linear('a node joins an idle swarm, and votes from the next epoch on; nothing above the boundary is executed'),
    ],
  },
  {
    name: 'linear-blocks-not-fetched',
    section: '10',
    rule: 'A block that others build on and that did not come is fetched by its digest.',
    patches: [patch('hotstuff/help', 'return named.slice(0, FETCH_ITEMS_MAX);', 'return [];')],
    killers: [engine('asks for the block below one that it cannot place, and votes when it comes')],
  },
  {
    name: 'linear-second-vote-counts',
    section: '8',
    rule: 'Two votes of one view are proof, and weigh once.',
    patches: [patch('hotstuff/ballots', 'earlier.view >= vote.view', 'earlier.view > vote.view')],
    killers: [engine('counts a repeated vote once, and the second of a liar for nothing')],
  },
  {
    name: 'linear-height-excuses',
    section: '8',
    rule: 'Two votes of one view convict whatever their heights.',
    patches: [
      patch(
        'protocol/kinds',
        'return ONCE_PER_VIEW.includes(a.kind) || (ONCE_PER_SLOT',
        'return ([...ONCE_PER_VIEW, ...ONCE_PER_SLOT]',
      ),
    ],
    killers: [test('crypto/judge', 'convict for a second vote in one view, whatever its height')],
  },
  {
    name: 'linear-certificate-with-a-gap',
    section: '9',
    rule: 'A decision is certified by three blocks in consecutive views.',
    patches: [
      patch('protocol/certificates', 'if (second !== first + 1 || third !== second + 1)', 'if (third !== second + 1)'),
    ],
    killers: [test('protocol/commit-chain', 'refused: a gap below the second')],
  },
  {
    name: 'linear-old-certificate',
    section: '4',
    rule: 'After a failed view the certificate is as new as what a quorum knew when it gave the view up.',
    patches: [patch('protocol/quorum-certificates', 'if (justified < newest)', 'if (justified < 0)')],
    killers: [test('protocol/quorum-certificates', 'refused: a certificate older than one that a timeout names')],
  },
  {
    name: 'linear-view-unproven',
    section: '4',
    rule: 'A view is entered by a certificate of the view below only.',
    patches: [
      patch('protocol/quorum-certificates', 'if (timeouts.view !== view - 1)', 'if (timeouts.view > view - 1)'),
    ],
    killers: [test('protocol/quorum-certificates', 'refused: timeouts of an older view')],
  },
  {
    name: 'linear-window-stays-full',
    section: '3',
    rule: 'While the window is full, empty blocks go on to the checkpoint that moves it.',
    patches: [patch('hotstuff/proposer', 'endsEpoch || isFull ||', 'endsEpoch ||')],
    killers: [engine('as a leader, makes room with an empty block when what waits is above the window')],
  },
  {
    name: 'linear-decisions-dropped',
    section: '10',
    rule: 'What is decided and not stable is kept until it is executed.',
    patches: [
      patch('hotstuff/chain', '(sequence > stable || sequence <= this.reach)', 'stable >= 0 && sequence <= this.reach'),
    ],
    killers: [engine('executes all that one certificate decides, however far above what is executed')],
  },
  {
    name: 'linear-silent-after-a-tear',
    section: '4',
    rule: 'After a torn log a member still gives views up.',
    patches: [patch('hotstuff/views', 'safety.voted(through);', 'this.leave(through);')],
    killers: [
      linear('torn logs of all after power loss: they give up the views in which they may have voted, and go on'),
    ],
  },
  {
    name: 'linear-abstention-forgotten',
    section: '6',
    rule: 'After a torn log a member abstains through a second restart too.',
    patches: [
      patch(
        'hotstuff/hotstuff-engine',
        'timeout?.view ?? ROOT_VIEW, abstained) as View',
        'timeout?.view ?? ROOT_VIEW) as View',
      ),
    ],
    killers: [engine('nor after one more restart, whose log is whole (new file: false)')],
  },
];
