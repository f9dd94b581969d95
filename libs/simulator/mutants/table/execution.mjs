import { attack, patch, schedule, seeds, test } from './build.mjs';

/** @import { Mutant } from '../types' */

/**
 * Execution, the replicated state and checkpoints.
 *
 * @type {readonly Mutant[]}
 */
export const EXECUTION = [
  {
    name: 'executes-in-any-order',
    section: '3',
    rule: 'Decided sequences are executed in order, each once.',
    patches: [
      patch(
        'member/executor',
        'while (this.executeNext((ledger.executed + 1) as Sequence));',
        'for (let at = Math.max(1, ledger.executed - 1), end = at + 8; at <= end; at++) this.executeNext(at as Sequence);',
      ),
      patch('consensus/ledger', 'sequence === this.sequence + 1,', 'sequence > 0,'),
    ],
    killers: [
      seeds(10, ['prefix', 'agreement']),
      schedule('a decision that catching up and a new view bring at once is executed once (scenario 8)'),
    ],
  },
  {
    name: 'nonce-spent-twice',
    section: '9',
    rule: 'A nonce is executed once.',
    patches: [
      patch('consensus/ledger', "if (verdict === 'used') return OUTCOMES.duplicate;", ''),
      patch(
        'consensus/deduplication',
        "invariant(this.verdict(signerKey, nonce) === 'fresh',",
        'invariant(this.window > 0,',
      ),
    ],
    killers: [seeds(40, ['exactly-once'])],
  },
  {
    name: 'client-forgotten-too-soon',
    section: '9',
    rule: 'A client is remembered until nothing that it signed can be executed any more.',
    patches: [
      patch(
        'consensus/ledger',
        '(this.time + requestLifetimeMaxMs + logTimeBoundMs) as Millis',
        '(this.time - requestLifetimeMaxMs + 0 * logTimeBoundMs) as Millis',
      ),
    ],
    killers: [
      test(
        'consensus/attack/bounds',
        'E1 one request, signed again with a later deadline before any answer came, is executed once',
      ),
    ],
  },
  {
    name: 'nonces-below-the-window',
    section: '9',
    rule: 'Below a client’s window of nonces nothing is executed.',
    patches: [
      patch(
        'consensus/deduplication',
        'if (nonce + BigInt(this.window) <= client.highest) return',
        'if (nonce < 0n) return',
      ),
    ],
    killers: [test('consensus/ledger', 'a nonce below the window is refused')],
  },
  {
    name: 'never-expires',
    section: '9',
    rule: 'What log time has passed is not executed.',
    patches: [patch('consensus/ledger', 'if (request.expiresAt < this.time) return OUTCOMES.expired;', '')],
    killers: [
      attack('a request whose deadline log time has passed comes out as expired, and log time never goes back'),
    ],
  },
  {
    name: 'log-time-goes-back',
    section: '6',
    rule: 'Log time never goes back.',
    patches: [
      patch('consensus/ledger', 'if (batch !== undefined && batch.time > this.time)', 'if (batch !== undefined)'),
    ],
    killers: [
      attack('a request whose deadline log time has passed comes out as expired, and log time never goes back'),
    ],
  },
  {
    name: 'clock-at-execution',
    section: '6',
    rule: 'Log time is data: no member’s clock enters it.',
    patches: [
      patch(
        'member/executor',
        'context.ledger.execute(sequence, batch)',
        'context.ledger.execute(sequence, batch === undefined ? batch : { ...batch, time: context.at })',
      ),
    ],
    killers: [seeds(10, ['agreement'])],
  },
  {
    name: 'unchecked-time',
    section: '6',
    rule: 'A fresh proposal whose time is too far from a member’s clock gets no vote.',
    patches: [
      patch(
        'pbft/agreement',
        'distance > context.committee.table.logTimeBoundMs',
        'distance > Number.MAX_SAFE_INTEGER',
      ),
    ],
    killers: [attack('a fresh batch whose time is 60000 ms from every honest clock gets no vote')],
  },
  {
    name: 'old-batch-refused',
    section: '6',
    rule: 'The bound on time never applies to what a new view requires.',
    patches: [
      patch(
        'pbft/agreement',
        "const batch = slot.batchOf(proposal.digest);\n    if (batch !== undefined && batch !== 'null') this.persistBatch(slot, batch);\n    this.ownVotes.cast({ kind: 'prepare'",
        "const batch = slot.batchOf(proposal.digest);\n    if (batch !== undefined && batch !== 'null' && context.at - batch.time > context.committee.table.logTimeBoundMs) return;\n    if (batch !== undefined && batch !== 'null') this.persistBatch(slot, batch);\n    this.ownVotes.cast({ kind: 'prepare'",
      ),
    ],
    killers: [
      schedule('a batch that was prepared before a long outage is decided after it, however old it is by then'),
    ],
  },
  {
    name: 'state-not-compared',
    section: '3',
    rule: 'A member whose state differs from the certified one stops.',
    patches: [
      patch(
        'member/checkpoints',
        'if (checkpointDigest(hash, sequence, content) === checkpointDigest(hash, sequence, own)) return;',
        'if (own.stateDigest.length > 0) return;',
      ),
    ],
    killers: [test('consensus/member/checkpoints', 'stops when a quorum certifies another state than its own')],
  },
  {
    name: 'unequal-checkpoints-counted',
    section: '3',
    rule: 'Only equal CHECKPOINTs make a state stable.',
    patches: [
      patch('member/checkpoints', 'groups.get(message.digest) ?? []', "groups.get('') ?? []"),
      patch('member/checkpoints', 'groups.set(message.digest, group);', "groups.set('', group);"),
    ],
    killers: [attack('CHECKPOINTs of different states make nothing stable (scenario 27)')],
  },
  {
    name: 'stable-without-quorum',
    section: '3',
    rule: 'A quorum makes a checkpoint stable, not f + 1.',
    patches: [
      patch(
        'member/checkpoints',
        '!this.context.committee.isQuorum(group.map',
        '!this.context.committee.hasHonest(group.map',
      ),
    ],
    killers: [
      attack('CHECKPOINTs of different states make nothing stable (scenario 27)'),
      test('consensus/member/checkpoints', 'is stable on a quorum of equal ones, and moves the window then'),
    ],
  },
  {
    name: 'deadline-without-end',
    section: '9',
    rule: 'A deadline further ahead than the epoch allows is refused.',
    patches: [
      patch(
        'consensus/ledger',
        'if (request.expiresAt > this.time + this.table.requestLifetimeMaxMs) return',
        'if (request.expiresAt < 0) return',
      ),
    ],
    killers: [test('consensus/ledger', 'a deadline further ahead than allowed is refused')],
  },
  {
    name: 'clients-uncapped',
    section: '9',
    rule: 'Clients are capped.',
    patches: [
      patch('consensus/deduplication', '|| this.clients.size < this.clientsMax;', '|| this.clients.size >= 0;'),
    ],
    killers: [test('consensus/ledger', 'a client beyond the cap is refused')],
  },
  {
    name: 'state-by-order-of-arrival',
    section: '3',
    rule: 'The state’s digest does not depend on the order in which its parts came.',
    patches: [
      patch(
        'consensus/deduplication',
        'this.sortedKeys ??= [...this.clients.keys()].sort();',
        'this.sortedKeys ??= [...this.clients.keys()];',
      ),
    ],
    killers: [test('consensus/ledger', 'has one digest whatever order its clients came in')],
  },
];
