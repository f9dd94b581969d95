import { attack, liar, patch, schedule, seeds, test } from './build.mjs';

/** @import { Mutant } from '../types' */

const ACTIVE_ONLY = 'context.active && draft.view === context.view,';

/**
 * Quorums, slots and votes of the normal case.
 *
 * @type {readonly Mutant[]}
 */
export const AGREEMENT = [
  {
    name: 'quorum-of-2f+1',
    section: '2',
    rule: 'A quorum is floor((n + f) / 2) + 1 members, not 2f + 1.',
    patches: [patch('protocol/quorum', 'return Math.floor((n + f) / 2) + 1;', 'return 2 * f + 1;')],
    killers: [
      seeds(20, ['agreement', 'certificate'], {
        members: 5,
        f: 1,
        liars: [{ member: 0, strategy: 'equivocating-leader' }],
      }),
      test('protocol/quorum', 'n = 6: two sets of 2f + 1 share no honest member; two quorums do'),
    ],
  },
  {
    name: 'quorum-less-one',
    section: '2',
    rule: 'One member less than a quorum decides nothing.',
    patches: [patch('protocol/quorum', 'return Math.floor((n + f) / 2) + 1;', 'return Math.floor((n + f) / 2);')],
    killers: [
      seeds(40, ['agreement', 'certificate'], liar(0, 'equivocating-leader')),
      test(
        'consensus/attack/splits',
        'every split of four members and a twin of member 0, over four rounds (scenario 4)',
      ),
    ],
  },
  {
    name: 'weight-of-heads',
    section: '2',
    rule: 'A certificate is as heavy as its signers, not as long as their list.',
    patches: [
      patch('protocol/certificates', 'const weight = committee.weightOf(signers);', 'const weight = signers.size;'),
    ],
    killers: [test('protocol/certificates', 'counts, not heads: five light members of six are no quorum')],
  },
  {
    name: 'signers-counted-twice',
    section: '2',
    rule: 'Only distinct signers weigh in a certificate.',
    patches: [
      patch('protocol/certificates', 'if (signers.has(sender)) return', 'if (signers.size < 0) return'),
      patch(
        'protocol/certificates',
        'const weight = committee.weightOf(signers);',
        'const weight = alreadySigned.length + senders.length;',
      ),
    ],
    killers: [test('protocol/certificates', 'refused: a signer twice')],
  },
  {
    name: 'votes-counted-not-voters',
    section: '3',
    rule: 'A member that repeats its vote is counted once.',
    patches: [
      patch('pbft/slot', 'const earlier = votes.get(vote.sender);', 'const earlier = votes.get(-1 as MemberIndex);'),
      patch('pbft/slot', 'votes.set(vote.sender, vote);', 'votes.set(votes.size as MemberIndex, vote);'),
      patch('pbft/slot', 'for (const [sender, vote] of votes)', 'for (const vote of votes.values())'),
      patch('pbft/slot', 'found.push({ sender, signature', 'found.push({ sender: vote.sender, signature'),
      patch(
        'pbft/slot',
        'if (!committee.isQuorum(signatures.map((vote) => vote.sender))) return undefined;',
        'if (signatures.length < committee.quorumWeight) return undefined;',
      ),
    ],
    killers: [attack('two COMMITs of one member for one slot are counted once, and are a proof (scenario 2)')],
  },
  {
    name: 'any-member-proposes',
    section: '3',
    rule: 'A proposal counts only from the leader of its view.',
    patches: [
      patch(
        'protocol/validity',
        'if (leads && committee.leaderOf',
        'if (leads && committee.n === 0 && committee.leaderOf',
      ),
    ],
    killers: [attack('a member that does not lead the view proposes in vain')],
  },
  {
    name: 'second-proposal-accepted',
    section: '3',
    rule: 'Of two digests of one leader for one slot the second is refused.',
    patches: [
      patch(
        'pbft/agreement',
        "return reject('conflicting_proposal',",
        "if (slotIsFree) return reject('conflicting_proposal',",
      ),
      patch('pbft/agreement', 'if (proposal.digest === message.digest) return undefined;', 'const slotIsFree = false;'),
      patch(
        'pbft/agreement',
        'slot.proposal ??= { view: message.view, digest',
        'slot.proposal = { view: message.view, digest',
      ),
      patch(
        'pbft/own-votes',
        "return earlier.digest === digest ? 'given' : 'contradiction';",
        "return earlier.digest === digest ? 'given' : 'new';",
      ),
    ],
    killers: [seeds(20, ['one-vote'], liar(0, 'equivocating-leader'))],
  },
  {
    name: 'decides-only-what-it-accepted',
    section: '3',
    rule: 'A quorum of COMMITs decides for everyone, whatever a member accepted itself.',
    patches: [
      patch(
        'pbft/agreement',
        'if (certificate !== undefined) this.decide(slot, certificate);',
        'if (certificate?.digest === slot.proposal?.digest && certificate !== undefined) this.decide(slot, certificate);',
      ),
    ],
    killers: [
      attack('a member that stored one of two proposals decides the other one, which a quorum committed (scenario 1)'),
    ],
  },
  {
    name: 'late-commit',
    section: '3',
    rule: 'A member that asked for a view signs no COMMIT in an earlier one.',
    patches: [
      patch(
        'pbft/agreement',
        'if (!context.active || proposal?.view !== context.view || !slot.holds(proposal.digest)) return;',
        'if (proposal?.view !== context.view || !slot.holds(proposal.digest)) return;',
      ),
      patch('pbft/own-votes', ACTIVE_ONLY, 'draft.view === context.view,'),
    ],
    killers: [
      seeds(20, ['promised-view']),
      schedule('a member that left view 0 sends no late COMMIT in it, even when that would complete a quorum'),
    ],
  },
  {
    name: 'late-prepare',
    section: '3',
    rule: 'A member that asked for a view signs no PREPARE in an earlier one.',
    patches: [
      patch(
        'pbft/agreement',
        'if (!context.active || proposal?.view !== context.view || context.leader === context.self) return;',
        'if (proposal?.view !== context.view || context.leader === context.self) return;',
      ),
      patch('pbft/own-votes', ACTIVE_ONLY, 'draft.view === context.view,'),
    ],
    killers: [seeds(20, ['promised-view'])],
  },
  {
    name: 'late-proposal',
    section: '3',
    rule: 'A leader that asked for a view proposes nothing in an earlier one.',
    patches: [
      patch('member/context', 'return this.active && this.leader === this.self;', 'return this.leader === this.self;'),
      patch('pbft/own-votes', ACTIVE_ONLY, 'draft.view === context.view,'),
    ],
    killers: [seeds(40, ['promised-view'])],
  },
  {
    name: 'open-window',
    section: '3',
    rule: 'Nothing above h + L is kept.',
    patches: [patch('pbft/agreement', '|| sequence > this.context.windowTop) {', '|| sequence > 2 ** 40) {')],
    killers: [attack('votes for slots far away take no memory (scenario 24)')],
  },
  {
    name: 'double-vote-unpunished',
    section: '8',
    rule: 'Two votes of one signer for one slot are evidence.',
    patches: [
      patch(
        'pbft/slot',
        'if (earlier.view === vote.view && earlier.digest !== vote.digest) return',
        'if (earlier.view < 0 && earlier.digest !== vote.digest) return',
      ),
    ],
    killers: [attack('two COMMITs of one member for one slot are counted once, and are a proof (scenario 2)')],
  },
  {
    name: 'two-proposals-unpunished',
    section: '8',
    rule: 'Two PRE-PREPAREs of one leader for one slot are evidence.',
    patches: [
      patch(
        'pbft/agreement',
        'context.accuseOfEquivocation({ statement: accepted, signature: proposal.signature }, signedStatement(message));',
        '',
      ),
    ],
    killers: [attack('a second proposal for a slot is a proof, and gets no vote')],
  },
  {
    name: 'proof-of-nothing',
    section: '8',
    rule: 'A proof holds both signed statements.',
    patches: [
      patch(
        'pbft/agreement',
        '{ ...signedStatement(message).statement, digest: proposal.digest };',
        'signedStatement(message).statement;',
      ),
    ],
    killers: [seeds(20, ['evidence'], liar(0, 'equivocating-leader'))],
  },
  {
    name: 'framing',
    section: '8',
    rule: 'Nobody is accused of saying the same twice.',
    patches: [
      patch(
        'member/checkpoints',
        'if (earlier.digest !== message.digest)\n',
        'if (earlier.sequence === message.sequence)\n',
      ),
    ],
    killers: [seeds(40, ['framing', 'evidence'])],
  },
  {
    name: 'open-window-below',
    section: '3',
    rule: 'Nothing at or below the stable checkpoint is voted on again.',
    patches: [patch('pbft/agreement', 'if (sequence <= this.context.stable ||', 'if (sequence < 0 ||')],
    killers: [test('consensus/member/checkpoints', 'is stable on a quorum of equal ones, and moves the window then')],
  },
  {
    name: 'two-checkpoints-unpunished',
    section: '8',
    rule: 'Two CHECKPOINTs of one signer for one sequence are evidence.',
    patches: [
      patch(
        'member/checkpoints',
        'this.context.accuseOfEquivocation(signedStatement(earlier), signedStatement(message));',
        'return undefined;',
      ),
    ],
    killers: [test('consensus/member/checkpoints', 'accuses a member of two contents for one sequence')],
  },
];
