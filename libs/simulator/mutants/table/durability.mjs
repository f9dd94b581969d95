import { liar, patch, schedule, seeds, test } from './build.mjs';

/** @import { Mutant } from '../types' */

const STATE = "context.emit({ kind: 'persist', record: { kind: 'state', sequence, state: tree.state } });";

/**
 * What is durable before a signature leaves, and what a restart makes of it.
 *
 * @type {readonly Mutant[]}
 */
export const DURABILITY = [
  {
    name: 'batch-in-memory-only',
    section: '6',
    rule: 'A batch is durable before anything that names it leaves.',
    patches: [
      patch(
        'pbft/slot',
        'if (digest === NULL_DIGEST || this.durable.has(digest)) return false;',
        'if (digest !== NULL_DIGEST) return false;',
      ),
    ],
    killers: [seeds(10, ['durable-content'])],
  },
  {
    name: 'certificate-in-memory-only',
    section: '6',
    rule: 'The prepared certificate is durable before COMMIT leaves.',
    patches: [
      patch('pbft/agreement', "context.emit({ kind: 'persist', record: { kind: 'prepared', certificate } });", ''),
    ],
    killers: [seeds(10, ['durable-content'])],
  },
  {
    name: 'state-in-memory-only',
    section: '3',
    rule: 'The state is durable before its CHECKPOINT leaves.',
    patches: [patch('member/checkpoints', STATE, '')],
    killers: [seeds(10, ['durable-content'])],
  },
  {
    name: 'new-view-in-memory-only',
    section: '6',
    rule: 'The view that a member is in is durable before it votes there.',
    patches: [
      patch('pbft/view-changes', "context.emit({ kind: 'persist', record: { kind: 'newView', message } });", ''),
    ],
    killers: [
      test(
        'consensus/pbft/view-changes',
        're-proposes what any of them had prepared, fills gaps with the null batch, and persists the view before it votes',
      ),
    ],
  },
  {
    name: 'votes-forgotten',
    section: '6',
    rule: 'A restarted member knows what it has signed.',
    patches: [patch('pbft/pbft-engine', 'for (const message of recovered.votes) ownVotes.keep(message);', '')],
    killers: [seeds(20, ['one-vote'], liar(0, 'equivocating-leader'))],
  },
  {
    name: 'promise-forgotten',
    section: '3',
    rule: 'A restarted member stays out of the view that it had left.',
    patches: [
      patch(
        'pbft/view-changes',
        'context.promisedView = Math.max(context.view, asked?.view ?? 0) as View;',
        'context.promisedView = context.view;',
      ),
    ],
    killers: [schedule('a member that asked for a view and crashed votes no more in the one before (scenario 12)')],
  },
  {
    name: 'proposals-forgotten',
    section: '6',
    rule: 'A restarted leader proposes only above what it had proposed.',
    patches: [
      patch(
        'pbft/agreement',
        'const last = Math.max(this.ownVotes.lastProposed(context.view), context.ledger.executed, context.stable);',
        'const last = Math.max(context.ledger.executed, context.stable);',
      ),
    ],
    killers: [
      schedule('member 0, killed after-sync of each vote, never votes otherwise (scenario 12)'),
      test('consensus/pbft/recovery', 'proposes as leader only above what it had proposed'),
    ],
  },
  {
    name: 'first-certificate-found',
    section: '6',
    rule: 'Of the prepared certificates in a log the one of the highest view counts.',
    patches: [patch('records/durable-recovery', 'known.view < view', 'known.view > view')],
    killers: [
      seeds(60, ['view-change'], liar(0, 'new-view-liar')),
      test('records/durable', 'chooses the highest of each, in whatever order it finds them'),
    ],
  },
  {
    name: 'torn-log-trusted',
    section: '6',
    rule: 'A member whose log was torn leaves its view.',
    patches: [
      patch('pbft/view-changes', "if (tornTail) this.ask((context.promisedView + 1) as View, 'torn-log');", ''),
    ],
    killers: [
      test(
        'consensus/pbft/recovery',
        'leaves its view when its log was torn: it may have promised more there than it knows',
      ),
    ],
  },
  {
    name: 'corruption-taken-for-a-tear',
    section: '6',
    rule: 'A bad record below an offset that was durable stops the member.',
    patches: [
      patch(
        'records/scan',
        'return proof === undefined ? undefined :',
        'return proof === undefined || proof > 0 ? undefined :',
      ),
    ],
    killers: [
      test('storage/vote-log-damage', 'with any bit of file 3 flipped is refused, or loses exactly its last group'),
    ],
  },
  {
    name: 'missing-file-ignored',
    section: '6',
    rule: 'A file of the log that is missing stops the member.',
    patches: [
      patch(
        'storage/vote-log-replay',
        'if (!present.has(number)) throw',
        'if (!present.has(number)) break;\n    if (number < 0) throw',
      ),
    ],
    killers: [test('storage/vote-log-damage', 'without file 1 is refused by the name of the file')],
  },
  {
    name: 'vote-book-shut',
    section: '6',
    rule: 'The host signs no second content for one slot, whatever the engine wants.',
    patches: [
      patch(
        'host/vote-book',
        '(earlier.view === view && earlier.digest === digest);\n    invariant(\n      sound',
        '(earlier.view === view && earlier.digest.length > 0);\n    invariant(\n      sound',
      ),
    ],
    killers: [test('host/vote-book', 'after a restart, a second proposal: sound false')],
  },
  {
    name: 'vote-book-forgets-views',
    section: '3',
    rule: 'The host signs nothing below a promised view, whatever the engine wants.',
    patches: [
      patch(
        'host/vote-book',
        'this.promised = Math.max(this.promised, view);',
        'this.promised = Math.min(this.promised, view);',
      ),
    ],
    killers: [test('host/vote-book', 'seals nothing below a view that was entered')],
  },
  {
    name: 'sends-before-durable',
    section: '6',
    rule: 'Nothing leaves before what it promises is durable.',
    patches: [patch('host/performer', 'this.options.outbox.push(this.options.commits.position, act);', 'act();')],
    killers: [test('host/order', 'holds back a vote, and everything after it, until it is durable')],
  },
  {
    name: 'checkpoint-before-decisions',
    section: '3',
    rule: 'CHECKPOINT leaves only after every decision below it is durable.',
    patches: [
      patch('host/group-commit', 'this.decisionsFirst ||= needsDecisions;', 'this.decisionsFirst &&= needsDecisions;'),
    ],
    killers: [
      test(
        'host/stable',
        'leaves only after the decisions below it are durable, and the state; both before the log’s sync',
      ),
    ],
  },
  {
    name: 'failed-fsync-tried-again',
    section: '6',
    rule: 'A failed write or fsync stops the member for good.',
    patches: [patch('storage/failure-latch', 'if (this.first !== undefined) throw this.first;', '')],
    killers: [test('storage/vote-log', 'stays closed, and tries nothing again')],
  },
  {
    name: 'reinstalled-with-its-old-key',
    section: '6',
    rule: 'A signing key without its voting state refuses to start.',
    patches: [
      patch(
        'node/start/voting-state',
        'copy === undefined || copy.folder === inFolder?.folder',
        'copy === undefined || copy.folder !== null',
      ),
    ],
    killers: [test('node/start/voting-state', 'refuse an empty folder')],
  },
  {
    name: 'certificates-forgotten',
    section: '6',
    rule: 'A restarted member knows what it had prepared.',
    patches: [
      patch(
        'pbft/pbft-engine',
        'recovered.prepared.filter((certificate) => certificate.sequence > context.stable)',
        'recovered.prepared.filter((certificate) => certificate.sequence < 0)',
      ),
    ],
    killers: [seeds(60, ['view-change'])],
  },
  {
    name: 'decisions-forgotten',
    section: '6',
    rule: 'A restarted member has executed what its decision store holds.',
    patches: [
      patch(
        'pbft/pbft-engine',
        'certificate } of recovered.decided) {',
        'certificate } of recovered.decided.slice(0, -1)) {',
      ),
    ],
    killers: [seeds(60, ['prefix'])],
  },
  {
    name: 'proofs-forgotten',
    section: '8',
    rule: 'A proof is kept on record across restarts.',
    patches: [patch('member/context', "this.emit({ kind: 'persist', record: { kind: 'evidence', evidence } });", '')],
    killers: [
      test('consensus/pbft/agreement', 'accuses a leader of two proposals for one slot and keeps to the first'),
    ],
  },
];
