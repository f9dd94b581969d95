import { patch, test } from './build.mjs';

/** @import { Mutant } from '../types' */

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
    patches: [patch('consensus/hotstuff/safety', "if (view <= this.votedView) return 'voted-already';", '')],
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
];
