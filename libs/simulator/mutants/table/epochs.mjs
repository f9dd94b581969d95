import { epochSeeds, patch, test } from './build.mjs';

/** @import { Mutant } from '../types' */

/** A member of four or seven that feeds others with bad data. */
const BAD_SUPPLIER = { members: 4, f: 1, liars: [{ member: 3, strategy: 'bad-supplier' }] };
/** One that contradicts itself, and so is isolated. */
const DOUBLE_VOTER = { members: 4, f: 1, liars: [{ member: 2, strategy: 'double-voter' }] };

/**
 * Epochs, their tables and weights, and states that are taken over.
 *
 * @type {readonly Mutant[]}
 */
export const EPOCHS = [
  {
    name: 'boundary-too-early',
    section: '7',
    rule: 'A change takes effect after the first checkpoint at or above s + L.',
    patches: [
      patch(
        'consensus/membership/membership',
        'Math.ceil((sequence + windowSize) / checkpointInterval)',
        'Math.ceil((sequence + checkpointInterval + 0 * windowSize) / checkpointInterval)',
      ),
    ],
    killers: [epochSeeds(500, ['epochs', 'agreement', 'prefix', 'engine-throws', 'halted'])],
  },
  {
    name: 'votes-beyond-the-boundary',
    section: '7',
    rule: 'Nobody votes beyond the boundary in the epoch that ends.',
    patches: [
      patch('member/context', 'return this.boundary > 0 && this.boundary < top ? this.boundary : top;', 'return top;'),
    ],
    // What such a swarm never comes to the end of need not be waited for.
    killers: [epochSeeds(100, ['epochs'], { settleMs: 10_000 })],
  },
  {
    name: 'epoch-change-unverified',
    section: '7',
    rule: 'The end of an epoch is proven by the keys of the epoch that ends.',
    patches: [
      patch('protocol/validity', 'return checkEpochChange(ended, hash, change, verifyStatement);', 'return undefined;'),
    ],
    killers: [epochSeeds(200, ['epochs', 'certificate'], BAD_SUPPLIER)],
  },
  {
    name: 'next-table-uncompared',
    section: '7',
    rule: 'The table of the next epoch is the one that was certified.',
    patches: [
      patch(
        'protocol/epoch-change',
        'if (epochTableHash(hash, table) !== content.nextTableHash)',
        'if (epochTableHash(hash, table).length === 0)',
      ),
    ],
    killers: [epochSeeds(200, ['epochs'], BAD_SUPPLIER)],
  },
  {
    name: 'epoch-end-not-durable',
    section: '6',
    rule: 'The end of an epoch is durable before the next one begins.',
    patches: [patch('member/succession', "context.emit({ kind: 'persist', record: { kind: 'epoch', change } });", '')],
    killers: [epochSeeds(100, ['recovery', 'epochs'])],
  },
  {
    name: 'state-at-the-end-not-kept',
    section: '6',
    rule: 'A log that began anew between the last checkpoint and the end of the epoch holds the state at the end too.',
    patches: [
      patch(
        'member/succession',
        "context.emit({ kind: 'persist', record: { kind: 'state', sequence: boundary, state: bytes } });",
        '',
      ),
    ],
    killers: [
      epochSeeds(300, ['recovery']),
      test(
        'consensus/attack/epochs',
        'a restart in the next epoch, after the log began anew between the last checkpoint and the end',
      ),
    ],
  },
  {
    name: 'waiting-requests-dropped',
    section: '7',
    rule: 'What waits goes over into the next epoch.',
    patches: [patch('consensus/handover', 'waiting: ended.waiting(),', 'waiting: [],')],
    killers: [epochSeeds(300, ['liveness'])],
  },
  {
    name: 'stale-gateway-requests-kept',
    section: '7',
    rule: 'What a gateway signed with a key that it has no more goes over into no epoch.',
    patches: [
      patch(
        'member/member-replica',
        'next === undefined || outlivesEpoch(envelope, committee, next)',
        'next === undefined || committee !== next',
      ),
    ],
    killers: [
      test('consensus/handover', 'not what a gateway signed with an earlier key, however many epochs were skipped'),
    ],
  },
  {
    name: 'late-requests-unchecked',
    section: '7',
    rule: 'What was handed in as the epoch ended is handed in again only while its signer has its key.',
    patches: [
      patch('consensus/handover', 'if (outlivesEpoch(envelope, before, now)) return undefined;', 'return undefined;'),
    ],
    killers: [test('consensus/handover', 'one of a gateway with another key does not')],
  },
  {
    name: 'observers-vote',
    section: '7',
    rule: 'Who is in no table, or isolated in it, has no vote.',
    patches: [patch('member/context', 'this.votes = committee.isVoter(self);', 'this.votes = true;')],
    killers: [epochSeeds(50, ['epochs', 'engine-throws'])],
  },
  {
    name: 'isolated-signers-counted',
    section: '7',
    rule: 'Signatures of isolated members count for nothing.',
    patches: [
      patch(
        'protocol/committee',
        'return this.table.members[member]?.isolated === false;',
        'return this.table.members[member] !== undefined;',
      ),
    ],
    killers: [epochSeeds(200, ['certificate', 'epochs'], DOUBLE_VOTER)],
  },
  {
    name: 'isolated-without-proof',
    section: '7',
    rule: 'Isolation needs a proof.',
    patches: [
      patch(
        'consensus/membership/membership',
        "operation.kind === 'isolate' && !proves(fromBase64Url(operation.proof), operation.node_id as NodeId)",
        "operation.kind === 'isolate' && proves === undefined",
      ),
    ],
    killers: [
      epochSeeds(100, ['framing']),
      test('consensus/membership/membership', 'needs a proof against that very member'),
    ],
  },
  {
    name: 'judged-by-the-current-table',
    section: '7',
    rule: 'A change is judged against the pending table.',
    patches: [
      patch(
        'consensus/membership/membership',
        'changedTable(this.pending ?? this.firstPending(sequence), operation)',
        'changedTable(this.firstPending(sequence), operation)',
      ),
    ],
    // Everybody would err alike: no two members differ. So the table itself is looked at.
    killers: [
      test(
        'consensus/membership/membership',
        'stays what the first change made it; later ones up to it join the same table',
      ),
    ],
  },
  {
    name: 'quorum-by-count',
    section: '2',
    rule: 'Where votes are weighted a quorum is a weight.',
    patches: [
      patch(
        'protocol/committee',
        'table.weightedVoting ? quorumByWeight(weights, this.f) : quorumByCount(this.n, this.f)',
        'table.weightedVoting && weights.length === 0 ? quorumByWeight(weights, this.f) : quorumByCount(this.n, this.f)',
      ),
    ],
    killers: [epochSeeds(50, ['certificate'])],
  },
  {
    name: 'chunks-unverified',
    section: '10',
    rule: 'Each chunk of a state is checked against the certified root.',
    patches: [
      patch(
        'member/snapshot-fetch',
        'if (!verifyStateChunk(context.hash, transfer.shape, message.index, message.bytes, message.path)) {',
        'if (!verifyStateChunk(context.hash, transfer.shape, message.index, message.bytes, message.path) && request.received < 0) {',
      ),
    ],
    killers: [epochSeeds(300, ['halted', 'prefix', 'state-digest'], BAD_SUPPLIER)],
  },
  {
    name: 'snapshots-unverified',
    section: '10',
    rule: 'A state that is offered is certified by a quorum.',
    patches: [
      patch(
        'protocol/validity',
        'return checkCheckpointCertificate(epochs.at(certificate.sequence), hash, certificate, verifyStatement);',
        'return undefined;',
      ),
    ],
    killers: [epochSeeds(300, ['certificate'], BAD_SUPPLIER)],
  },
  {
    name: 'gap-noted-too-late',
    section: '10',
    rule: 'A gap in the decisions is noted before the state that makes it is durable.',
    patches: [patch('host/performer', 'commits.appendGap(effect.from, effect.sequence);', '')],
    killers: [
      // The simulated host has its own: what a step brings is written in one go there.
      test('host/stable', 'is durable only after the store knows what will never come, and nothing leaves before'),
    ],
  },
  {
    name: 'state-of-another-epoch',
    section: '10',
    rule: 'A state of a later epoch ends this one.',
    patches: [
      patch(
        'member/installer',
        'const inThisEpoch = owner.epoch === context.committee.epoch;',
        'const inThisEpoch = owner.epoch >= context.committee.epoch;',
      ),
    ],
    killers: [epochSeeds(300, ['halted', 'epochs', 'liveness'])],
  },
  {
    name: 'proofs-read-by-the-widest-bounds',
    section: '8',
    rule: 'A proof is read by the bounds of the epoch that it is about.',
    patches: [
      patch('records/evidence-record', 'const limits = limitsOf(epoch);', 'const limits = limitsOf(0 as Epoch);'),
    ],
    killers: [
      test(
        'records/evidence-record',
        'a lie about what was prepared before the first stable checkpoint of a later epoch is read by that epoch’s bounds',
      ),
    ],
  },
  {
    name: 'kept-read-by-the-newest-bounds',
    section: '6',
    rule: 'What was kept in an epoch with more members can be read in the next.',
    patches: [
      patch(
        'records/durable-recovery',
        'readCheckpointCertificate(reader, widest)',
        'readCheckpointCertificate(reader, this.options.limits)',
      ),
    ],
    killers: [
      // Seeds come upon it about once in a thousand: a swarm must shrink, and a node restart before its log does.
      test('records/durable', 'reads what it kept in an epoch with more members, and passes over it'),
    ],
  },
  {
    name: 'observer-asks-one-only',
    section: '10',
    rule: 'Nobody trusts a single word on heights: an observer asks everybody when whoever is said to be ahead does not help.',
    patches: [
      patch(
        'member/catch-up',
        'if (self !== OBSERVER || this.stuckTicks < known.length) return known;',
        'if (self !== OBSERVER || known.length > 0) return known;',
      ),
    ],
    killers: [
      epochSeeds(200, ['liveness'], BAD_SUPPLIER),
      test('consensus/attack/epochs', 'an observer that a liar once told of great heights asks the others too'),
    ],
  },
  {
    name: 'known-keys-forgotten',
    section: '7',
    rule: 'A key that stood in any table stands in no later one anew.',
    patches: [
      patch(
        'consensus/membership/membership',
        "if (this.knownKeys.has(publicKey)) return refuse('the key stood in a table of this swarm before');",
        '',
      ),
    ],
    killers: [test('simulator/epoch-schedules', 'a member that left comes back with a new key only')],
  },
];
