import { attack, liveness, patch, test } from './build.mjs';

/** @import { Mutant } from '../types' */

/**
 * Catching up, and the bounds on what anybody may make a member keep or send.
 *
 * @type {readonly Mutant[]}
 */
export const CATCH_UP = [
  {
    name: 'decisions-unverified',
    section: '10',
    rule: 'A decision that is brought is checked against the quorum.',
    patches: [
      patch(
        'protocol/validity',
        'return checkCommitCertificate(committee, context.hash, message.certificate, context.verifyStatement);',
        'return undefined;',
      ),
    ],
    killers: [
      attack('a decision that one member alone vouches for is none'),
      attack('a decision with signatures that its signers did not make is none'),
    ],
  },
  {
    name: 'never-fetches',
    section: '10',
    rule: 'A member that is behind fetches what was decided.',
    patches: [
      patch('member/catch-up', 'this.ask(this.context.addressOf(supplier.node), { decided: { from: next, to } });', ''),
    ],
    // It would catch up by states; so the decisions themselves are looked for.
    killers: [
      test(
        'consensus/member/catch-up',
        'fetches decided sequences when others are ahead and it does not move, from one after the other',
      ),
      test(
        'consensus/attack/bounds',
        'B5 a member that lags asks everybody who is ahead in turn, also while it misses a batch',
      ),
    ],
  },
  {
    name: 'one-supplier-only',
    section: '10',
    rule: 'A peer that serves nothing is passed over.',
    patches: [patch('member/catch-up', 'this.supplier++;', '')],
    killers: [
      test(
        'consensus/attack/bounds',
        'B5 a member that lags asks everybody who is ahead in turn, also while it misses a batch',
      ),
    ],
  },
  {
    name: 'decisions-from-far-ahead',
    section: '11',
    rule: 'Decisions far ahead of what a member has executed are not kept.',
    patches: [patch('pbft/agreement', 'certificate.sequence > reach', 'certificate.sequence > 2 ** 40')],
    killers: [test('consensus/member/catch-up', 'takes no decided sequence far ahead of what it has executed')],
  },
  {
    name: 'checkpoint-sent-once',
    section: '1',
    rule: 'A CHECKPOINT is sent again to whoever lacks it.',
    patches: [
      patch(
        'member/catch-up',
        "if (own !== undefined) context.emit({ kind: 'forward', to: message.sender, message: own });",
        '',
      ),
    ],
    killers: [liveness('CHECKPOINTs that were lost come again to the members that lack them')],
  },
  {
    name: 'slots-never-dropped',
    section: '11',
    rule: 'What is stable and executed is dropped.',
    patches: [patch('pbft/agreement', 'if (sequence <= low || far || beyond) this.slots.delete(sequence);', '')],
    killers: [liveness('a member that was down through many checkpoints catches up and votes again (scenario 22)')],
  },
  {
    name: 'fetches-unbounded',
    section: '11',
    rule: 'What one member may make another send by asking is bounded.',
    patches: [patch('member/answer-bounds', 'return period.fetches <= FETCHES_PER_PERIOD;', 'return true;')],
    killers: [test('consensus/attack/bounds', 'B2 FETCHes of one member are bounded in time')],
  },
  {
    name: 'checkpoints-unbounded',
    section: '11',
    rule: 'A bounded number of CHECKPOINTs of a member is kept.',
    patches: [patch('member/checkpoints', 'if (ofSender.size > KEPT_PER_MEMBER)', 'if (ofSender.size > 2 ** 30)')],
    killers: [
      test('consensus/member/checkpoints', 'keeps a bounded number of CHECKPOINTs of a member, whatever it sends'),
    ],
  },
  {
    name: 'shares-unbounded',
    section: '11',
    rule: 'Each peer’s queue is bounded.',
    patches: [patch('host/fair-queue', 'if (size >= share.itemsMax ||', 'if (size < 0 ||')],
    killers: [test('host/turns', 'drops the newest of a member beyond its share, and nobody else’s')],
  },
  {
    name: 'clients-before-consensus',
    section: '11',
    rule: 'Consensus traffic goes ahead of client traffic.',
    patches: [
      patch(
        'host/inbox',
        'if (consensus.size === 0 || clientsTurn) {',
        'if (client.size > 0 || consensus.size === 0) {',
      ),
    ],
    killers: [test('host/turns', 'puts consensus ahead of requests, whatever came first, and lets neither starve')],
  },
  {
    name: 'pool-unbounded',
    section: '11',
    rule: 'A full request pool refuses.',
    patches: [patch('consensus/pool', 'if (full) {', 'if (full && members === 0) {')],
    killers: [test('consensus/pool', 'has room again in a share when what was brought is executed')],
  },
  {
    name: 'batches-not-fetched',
    section: '10',
    rule: 'A batch that is decided or proposed and missing is fetched by its digest.',
    patches: [patch('pbft/help', 'this.agreement.missingBatches(FETCH_ITEMS_MAX)', '[]')],
    killers: [
      attack('a member that stored one of two proposals decides the other one, which a quorum committed (scenario 1)'),
    ],
  },
  {
    name: 'votes-sent-once',
    section: '1',
    rule: 'Votes are sent again to whoever has not decided.',
    patches: [patch('pbft/help', 'if (commit !== undefined) this.forward(message.sender, commit);', '')],
    killers: [
      liveness('COMMITs that were lost come again, and decide without a change of view'),
      test(
        'consensus/member/catch-up',
        'own votes for slots that the sender has not decided, and the proposal from its leader',
      ),
    ],
  },
  {
    name: 'unknown-requests-not-fetched',
    section: '1',
    rule: 'A request that another member waits for and this one does not know is asked for.',
    patches: [
      patch('member/catch-up', 'if (unknown.length > 0) this.ask(message.sender, { envelopes: unknown });', ''),
    ],
    killers: [
      liveness('a request whose relay was lost is asked for, and decided without a change of view'),
      test(
        'consensus/member/catch-up',
        'a question for requests that the sender names twice and this member does not know',
      ),
    ],
  },
];
