import { asciiBytes } from '../bytes';
import { createBatch, type Batch } from '../batch';
import { NULL_DIGEST, portableHash, ZERO_DIGEST } from '../hash';
import type { EpochChange } from '../epoch-change';
import type { EpochTable } from '../epoch-table';
import { epochTableHash } from '../epoch-table-codec';
import { epoch, memberIndex, millis, nodeId, OBSERVER, sequence, view } from '../ids';
import type { MessageKind, Signed } from '../messages';
import type { Draft } from '../seal';
import { STATE_CHUNK_BYTES, StateTree } from '../state-chunks';
import { linearSamples } from './linear-samples';
import type { Sample } from './sample';
import { someContent, someDigest, someRequest, type TestSwarm } from './swarm';

/** A batch of two envelopes: one that a member signed as gateway, one that a client signed. */
export function someBatch(swarm: TestSwarm): Batch {
  return createBatch(portableHash, millis(1_800_000_000_000), [
    swarm.gatewayEnvelope(1, 1n, [
      someRequest('a', { proposer: 'planner', metadata: asciiBytes('{"source":"test"}'), priority: 'high' }),
    ]),
    swarm.clientEnvelope('client', 7n, [
      someRequest('b', { category: 'model_update' }),
      someRequest('c', { category: 'configuration', priority: 'critical' }),
    ]),
  ]);
}

/** The end of the swarm's epoch at 32: what follows has the same members, one of them isolated. */
export function someChange(swarm: TestSwarm): EpochChange {
  const { table } = swarm.committee;
  const next: EpochTable = {
    ...table,
    epoch: epoch(table.epoch + 1),
    baseSequence: sequence(32),
    members: table.members.map((member, index) => ({ ...member, isolated: index === 3 })),
  };
  const content = {
    stateDigest: someDigest('state 32'),
    boundary: sequence(32),
    nextTableHash: epochTableHash(portableHash, next),
  };
  return { table: next, certificate: swarm.checkpointCertificate(32, content, [0, 1, 2]) };
}

/** Kinds that only PBFT speaks, and the one that says something else in the linear engine. */
const OF_PBFT: ReadonlySet<MessageKind> = new Set([
  'prePrepare',
  'prepare',
  'commit',
  'viewChange',
  'newView',
  'decided',
]);

/**
 * At least one message of every kind of the swarm's engine, and each optional part both there and absent. All are valid in a
 * swarm of four.
 */
export function sampleMessages(swarm: TestSwarm): Sample[] {
  const plain = plainSamples(swarm);
  if (swarm.committee.table.engine === 'pbft') return plain;
  return [...plain.filter(({ message }) => !OF_PBFT.has(message.kind)), ...linearSamples(swarm, someBatch(swarm))];
}

function plainSamples(swarm: TestSwarm): Sample[] {
  const batch = someBatch(swarm);
  const { digest } = batch;
  const stable = swarm.checkpointCertificate(8, someContent('state 8'), [0, 1, 3]);
  const prepared = [
    swarm.preparedCertificate({ view: 0, sequence: 9, digest }, [1, 2]),
    swarm.preparedCertificate({ view: 1, sequence: 11, digest: NULL_DIGEST }, [0, 2, 3]),
  ];
  const [asked, askedPlain, joined] = [
    { kind: 'viewChange', view: view(2), sequence: sequence(0), stable, prepared },
    { kind: 'viewChange', view: view(2), sequence: sequence(0), stable: undefined, prepared: [] },
    { kind: 'viewChange', view: view(2), sequence: sequence(0), stable, prepared: [] },
  ] as const satisfies readonly Draft[];
  const parts = [swarm.seal(0, asked), swarm.seal(2, askedPlain), swarm.seal(3, joined)];
  const state = new StateTree(portableHash, new Uint8Array(2 * STATE_CHUNK_BYTES + 1).fill(7));
  const at = { view: view(0), sequence: sequence(9) };
  const none = { view: view(0), sequence: sequence(0) };
  const certificate = swarm.commitCertificate({ view: 0, sequence: 9, digest }, [0, 2, 3]);
  const nothing = swarm.commitCertificate({ view: 2, sequence: 10, digest: NULL_DIGEST }, [1, 2, 3]);
  const rows: [name: string, description: string, sender: number, draft: Draft][] = [
    [
      'prePrepare',
      'The leader of view 0 proposes a batch of two envelopes.',
      0,
      { kind: 'prePrepare', ...at, digest, batch },
    ],
    [
      'prePrepare vote-only',
      'The same vote without its batch: digest and signature are the same.',
      0,
      { kind: 'prePrepare', ...at, digest, batch: undefined },
    ],
    ['prepare', 'A backup accepts the proposal.', 1, { kind: 'prepare', ...at, digest }],
    ['commit', 'A member is bound to the proposal.', 2, { kind: 'commit', ...at, digest }],
    [
      'checkpoint',
      'The state after sequence 8, with no epoch pending. View is 0.',
      3,
      { kind: 'checkpoint', sequence: sequence(8), content: someContent('state 8') },
    ],
    [
      'checkpoint boundary',
      'The state after sequence 16 while an epoch ends at 32.',
      3,
      {
        kind: 'checkpoint',
        sequence: sequence(16),
        content: { stateDigest: someDigest('state 16'), boundary: sequence(32), nextTableHash: someDigest('next') },
      },
    ],
    ['viewChange', 'Asks for view 2 with a stable checkpoint and two prepared certificates.', 0, asked],
    ['viewChange empty', 'Asks for view 2 from the genesis state with nothing prepared.', 2, askedPlain],
    [
      'newView',
      'The leader of view 2 starts it with three slots; nothing was prepared at 10.',
      2,
      {
        kind: 'newView',
        view: view(2),
        sequence: sequence(0),
        viewChanges: parts.map((part) => ({ sender: part.sender, digest: part.digest })),
        entries: [
          { sequence: sequence(9), digest },
          { sequence: sequence(10), digest: NULL_DIGEST },
          { sequence: sequence(11), digest: NULL_DIGEST },
        ],
      },
    ],
    [
      'newView empty',
      'The leader of view 1 starts it where nothing was prepared.',
      1,
      {
        kind: 'newView',
        view: view(1),
        sequence: sequence(0),
        viewChanges: [0, 1, 3].map((sender) => ({ sender: memberIndex(sender), digest: someDigest(String(sender)) })),
        entries: [],
      },
    ],
    [
      'status',
      'In view 1, asking for view 2, executed 9, with two open slots.',
      1,
      {
        kind: 'status',
        view: view(1),
        sequence: sequence(9),
        promisedView: view(2),
        stableSequence: sequence(8),
        oldestSequence: sequence(4),
        headDigest: someDigest('head'),
        slots: [
          { sequence: sequence(10), flags: 1 },
          { sequence: sequence(12), flags: 7 },
        ],
        waiting: batch.envelopes.map((envelope) => envelope.id),
        viewChangesHeld: [
          { sender: memberIndex(0), view: view(2) },
          { sender: memberIndex(3), view: view(5) },
        ],
        silent: [memberIndex(0), memberIndex(2)],
      },
    ],
    [
      'status empty',
      'A member that has just begun.',
      3,
      {
        kind: 'status',
        ...none,
        promisedView: view(0),
        stableSequence: sequence(0),
        oldestSequence: sequence(1),
        headDigest: ZERO_DIGEST,
        slots: [],
        waiting: [],
        viewChangesHeld: [],
        silent: [],
      },
    ],
    [
      'fetch',
      'Asks for a batch, a VIEW-CHANGE, two envelopes and the decided sequences 3 to 34.',
      2,
      {
        kind: 'fetch',
        ...none,
        origin: nodeId('n2'),
        batches: [digest],
        viewChanges: parts.slice(0, 1).map((part) => part.digest),
        envelopes: batch.envelopes.map((envelope) => envelope.id),
        decided: { from: sequence(3), to: sequence(34) },
        snapshot: undefined,
      },
    ],
    [
      'fetch empty',
      'Asks for nothing.',
      2,
      {
        kind: 'fetch',
        ...none,
        origin: nodeId('n2'),
        batches: [],
        viewChanges: [],
        envelopes: [],
        decided: undefined,
        snapshot: undefined,
      },
    ],
    [
      'fetch observer',
      'Asks for decided sequences in the name of a node that is no member of the epoch.',
      OBSERVER,
      {
        kind: 'fetch',
        ...none,
        origin: nodeId('n9'),
        batches: [],
        viewChanges: [],
        envelopes: [],
        decided: { from: sequence(1), to: sequence(32) },
        snapshot: { sequence: sequence(2), from: 0, count: 0 },
      },
    ],
    [
      'fetch chunks',
      'Asks for chunks 1 and 2 of the state after sequence 16.',
      1,
      {
        kind: 'fetch',
        ...none,
        origin: nodeId('n1'),
        batches: [],
        viewChanges: [],
        envelopes: [],
        decided: undefined,
        snapshot: { sequence: sequence(16), from: 1, count: 2 },
      },
    ],
    [
      'snapshot',
      'Offers the state after sequence 16, which has three chunks.',
      2,
      {
        kind: 'snapshot',
        view: view(0),
        sequence: sequence(16),
        certificate: swarm.checkpointCertificate(16, { ...someContent(''), stateDigest: state.digest }, [0, 1, 2]),
        shape: state.shape,
      },
    ],
    [
      'chunk',
      'The last chunk of that state, one byte, with its path.',
      2,
      {
        kind: 'chunk',
        view: view(0),
        sequence: sequence(16),
        index: 2,
        bytes: state.chunk(2),
        path: state.path(2),
      },
    ],
    [
      'epochChange',
      'Proves that epoch 0 ended with sequence 32, and with which table epoch 1 begins.',
      2,
      { kind: 'epochChange', view: view(0), sequence: sequence(32), change: someChange(swarm) },
    ],
    ['batch', 'A batch that was asked for by its digest.', 3, { kind: 'batch', ...none, batch }],
    [
      'decided',
      'Sequence 9 with its batch and the COMMITs that decided it.',
      3,
      { kind: 'decided', view: view(0), sequence: sequence(9), certificate, batch },
    ],
    [
      'decided null-batch',
      'Sequence 10, decided as the null batch.',
      3,
      { kind: 'decided', view: view(2), sequence: sequence(10), certificate: nothing, batch: undefined },
    ],
    [
      'requests',
      'Two envelopes on their way into every pool.',
      1,
      { kind: 'requests', ...none, envelopes: batch.envelopes },
    ],
    ['requests empty', 'No envelope.', 1, { kind: 'requests', ...none, envelopes: [] }],
  ];
  return rows.map(([name, description, sender, draft]) => ({ name, description, message: swarm.seal(sender, draft) }));
}

/** The sample of that name. Throws a RangeError for a name that there is not. */
export function sampleMessage<K extends MessageKind>(
  swarm: TestSwarm,
  kind: K,
  name: string = kind,
): Signed & { kind: K } {
  for (const sample of sampleMessages(swarm)) {
    const { message } = sample;
    if (sample.name === name && message.kind === kind) return message as Signed & { kind: K };
  }
  throw new RangeError(`no sample ${name}`);
}
