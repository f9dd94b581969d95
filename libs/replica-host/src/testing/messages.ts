import type { BindingKind, CommittedBlock, Effect } from '@concordat/consensus';
import {
  asciiBytes,
  blockDigest,
  Committee,
  createBatch,
  createEpochTable,
  decodeFrame,
  decodePayload,
  digest,
  encodeEnvelopeBody,
  encodeMessage,
  epoch,
  isRejection,
  memberIndex,
  millis,
  nodeId,
  NULL_DIGEST,
  portableHash,
  seal,
  sealEnvelope,
  sequence,
  statementBytes,
  timeoutDigest,
  view,
  wireLimits,
  ZERO_DIGEST,
  type Authentic,
  type Batch,
  type CommitCertificate,
  type Digest,
  type Draft,
  type DraftOf,
  type MemberIndex,
  type NewView,
  type Sealer,
  type Signed,
} from '@concordat/protocol';

/** The member under test. */
export const SELF = memberIndex(1);
/** Four members of equal weight. */
export const COMMITTEE = new Committee(
  createEpochTable({
    members: [0, 1, 2, 3].map((i) => ({
      nodeId: nodeId(`node-${String(i)}`),
      publicKey: new Uint8Array(32).fill(i + 1),
      weight: 1,
    })),
  }),
  portableHash,
);
/** Bounds of COMMITTEE's table. */
export const LIMITS = wireLimits(COMMITTEE.table);

const DOMAIN = { swarmId: ZERO_DIGEST, tableHash: ZERO_DIGEST };
const sign: Sealer['sign'] = (statement) => {
  const half = portableHash(statementBytes(DOMAIN, statement));
  return Uint8Array.of(...half, ...half);
};

/** Seals a draft for a member, SELF unless said otherwise. */
export const sealAs = (draft: Draft, sender: MemberIndex = SELF): Signed =>
  seal({ hash: portableHash, epoch: epoch(0), sender, sign }, draft);

/** The draft of a vote. Throws for another effect. */
export function draftOf(effect: Effect): DraftOf<BindingKind> {
  if (effect.kind !== 'vote') throw new Error('no vote');
  return effect.draft;
}

/** A message from its bytes, or an Error. */
export function messageOf(bytes: Uint8Array): Signed {
  const frame = decodeFrame(bytes, LIMITS);
  const message = isRejection(frame) ? frame : decodePayload(portableHash, frame, LIMITS);
  if (isRejection(message)) throw new Error(message.reason);
  return message;
}

/** An authentic envelope of one request. */
export function envelopeOf(nonce: number, valueBytes = 8): Authentic {
  const body = {
    signer: { kind: 'gateway', nodeId: nodeId('node-1'), acceptedView: view(0) },
    firstNonce: BigInt(nonce),
    requests: [
      {
        value: asciiBytes('1'.repeat(valueBytes)),
        category: 'general',
        priority: 'normal',
        proposer: '',
        metadata: new Uint8Array(0),
        expiresAt: millis(99),
      },
    ],
  } as const;
  const sealed = sealEnvelope(portableHash, body, encodeEnvelopeBody(body), new Uint8Array(64).fill(7));
  return sealed as Authentic;
}

/** A batch of envelopes of one request. */
export const batchOf = (...nonces: number[]): Batch =>
  createBatch(
    portableHash,
    millis(1000),
    nonces.map((nonce) => envelopeOf(nonce)),
  );

/** A digest that stands for a batch. */
export const digestOf = (letter: string): Digest => digest(letter.repeat(64));

/** A vote for a slot, as an effect. */
export const voteFor = (
  kind: 'prepare' | 'commit',
  n: number,
  { inView = 0, content = digestOf('a') }: { inView?: number; content?: Digest } = {},
): Effect => ({ kind: 'vote', draft: { kind, view: view(inView), sequence: sequence(n), digest: content } });

/** The leader's proposal, as an effect. */
export const propose = (n: number, batch: Batch, inView = 0): Effect => ({
  kind: 'vote',
  draft: { kind: 'prePrepare', view: view(inView), sequence: sequence(n), digest: batch.digest, batch },
});

/** The leader's block in the linear engine, as an effect. */
export const proposeBlock = (inView: number, n: number, batch?: Batch): Effect => {
  const parent = { view: view(0), digest: digestOf('f') };
  const batchDigest = batch?.digest ?? NULL_DIGEST;
  const header = { view: view(inView), sequence: sequence(n), parent };
  return {
    kind: 'vote',
    draft: {
      kind: 'proposal',
      ...header,
      digest: blockDigest(portableHash, { ...header, batch: batchDigest }),
      batchDigest,
      justify: undefined,
      timeouts: undefined,
      batch,
    },
  };
};

/** A vote for a block, as an effect; sent to `to` only, where that is said. */
export const voteForBlock = (inView: number, n: number, content = digestOf('a'), to?: number): Effect => ({
  kind: 'vote',
  draft: { kind: 'vote', view: view(inView), sequence: sequence(n), digest: content },
  ...(to === undefined ? {} : { to: memberIndex(to) }),
});

/** A view given up, as an effect. */
export const giveUp = (inView: number, highest = { view: view(0), digest: digestOf('f') }): Effect => ({
  kind: 'vote',
  draft: {
    kind: 'timeout',
    view: view(inView),
    sequence: sequence(0),
    digest: timeoutDigest(portableHash, highest),
    highest,
    justify: undefined,
    timeouts: undefined,
  },
});

/** A CHECKPOINT, as an effect. */
export const checkpointAt = (n: number, letter = 'b'): Effect => ({
  kind: 'vote',
  draft: {
    kind: 'checkpoint',
    sequence: sequence(n),
    content: { stateDigest: digestOf(letter), boundary: sequence(0), nextTableHash: ZERO_DIGEST },
  },
});

/** A VIEW-CHANGE, as an effect. */
export const askForView = (to: number): Effect => ({
  kind: 'vote',
  draft: { kind: 'viewChange', view: view(to), sequence: sequence(0), stable: undefined, prepared: [] },
});

/** A NEW-VIEW with one entry for each digest, from sequence 1, as an effect. */
export const startView = (to: number, ...entries: Digest[]): Effect => ({
  kind: 'vote',
  draft: {
    kind: 'newView',
    view: view(to),
    sequence: sequence(0),
    viewChanges: [],
    entries: entries.map((content, i) => ({ sequence: sequence(i + 1), digest: content })),
  },
});

/** A NEW-VIEW that this member entered, as an effect. */
export const enterView = (entered: number): Effect => {
  const draft = { kind: 'newView', view: view(entered), sequence: sequence(0), viewChanges: [], entries: [] } as const;
  const message = sealAs(draft, COMMITTEE.leaderOf(view(entered))) as Signed<NewView>;
  return { kind: 'persist', record: { kind: 'newView', message } };
};

/** State after a checkpoint, as an effect. */
export const persistState = (n: number): Effect => ({
  kind: 'persist',
  record: { kind: 'state', sequence: sequence(n), state: new Uint8Array(2) },
});

/** A batch, as an effect. */
export const persistBatch = (n: number, batch: Batch): Effect => ({
  kind: 'persist',
  record: { kind: 'batch', sequence: sequence(n), batch },
});

/** A quorum for a sequence. */
export const certificateFor = (n: number, batch?: Batch): CommitCertificate => ({
  view: view(0),
  sequence: sequence(n),
  digest: batch?.digest ?? NULL_DIGEST,
  signatures: [],
});

/** A decided sequence, as an effect. */
export const decide = (n: number, batch?: Batch): Effect => {
  const block: CommittedBlock = {
    sequence: sequence(n),
    batch,
    certificate: certificateFor(n, batch),
    logTime: millis(1),
    outcomes: new Uint8Array(batch?.envelopes.length ?? 0),
    headDigest: ZERO_DIGEST,
    changes: [],
  };
  return { kind: 'commit', block };
};

/** A STATUS broadcast that names a view, as an effect. */
export const statusOf = (inView: number): Effect => ({
  kind: 'broadcast',
  draft: {
    kind: 'status',
    view: view(inView),
    sequence: sequence(0),
    promisedView: view(inView),
    stableSequence: sequence(0),
    oldestSequence: sequence(1),
    headDigest: ZERO_DIGEST,
    slots: [],
    waiting: [],
    viewChangesHeld: [],
    silent: [],
  },
});

/** Bytes of another member's PREPARE. */
export const prepareFrom = (sender: number, n: number): Uint8Array =>
  encodeMessage(
    sealAs({ kind: 'prepare', view: view(0), sequence: sequence(n), digest: digestOf('a') }, memberIndex(sender)),
  );

/** Bytes of another member's relay of one envelope. */
export const relayFrom = (sender: number, nonce: number): Uint8Array =>
  encodeMessage(
    sealAs(
      { kind: 'requests', view: view(0), sequence: sequence(0), envelopes: [envelopeOf(nonce)] },
      memberIndex(sender),
    ),
  );
