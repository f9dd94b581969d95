import {
  createBatch,
  encodePayload,
  NULL_DIGEST,
  payloadDigest,
  type Batch,
  type Digest,
  type Hash,
  type Millis,
  type NewView,
  type Sequence,
  type Signed,
  type Status,
  type View,
  type ViewChange,
} from '@concordat/protocol';
import { changedBatch, unsigned } from './batches';
import { forgedCheckpoint, forgedCommit, forgedPrepared } from './certificates';
import { blocks, syncs, timeouts, votes } from './linear-kinds';
import { envelopeMutations, sealed, withoutOne, type Mutation, type Seen } from './mutation';

/** Every message with one thing changed that its own sender could sign. */
export function* mutationsOf(message: Signed, seen: Seen, hash: Hash, interval: number): Generator<Mutation> {
  yield* envelopeMutations(message);
  const others = seen.digests.filter((digest) => digest !== message.digest).slice(-2);
  switch (message.kind) {
    case 'prePrepare':
      if (message.batch !== undefined) yield* proposals(message.batch, message, hash, seen);
      break;
    case 'prepare':
    case 'commit':
      for (const digest of [...others, NULL_DIGEST]) yield sealed('another digest', { ...message, digest });
      break;
    case 'checkpoint':
      yield* checkpoints(message, others, interval);
      break;
    case 'viewChange':
      yield* viewChanges(message, others, interval);
      break;
    case 'newView':
      yield* newViews(message, others);
      break;
    case 'status':
      yield* statuses(message, others);
      break;
    case 'fetch':
      yield sealed('decided from 1 to far', { ...message, decided: { from: 1 as Sequence, to: 0xffff as Sequence } });
      yield sealed('everything it knows', { ...message, batches: others, viewChanges: others, envelopes: others });
      break;
    case 'batch':
      yield sealed('another batch', { ...message, batch: changedBatch(hash, message.batch) });
      break;
    case 'decided':
      for (const [what, certificate] of forgedCommit(message.certificate, others))
        yield sealed(`certificate: ${what}`, { ...message, certificate });
      yield sealed('no batch', { ...message, batch: undefined });
      if (message.batch !== undefined)
        yield sealed('another batch', { ...message, batch: changedBatch(hash, message.batch) });
      break;
    case 'requests':
      yield sealed('none', { ...message, envelopes: [] });
      yield sealed('twice', { ...message, envelopes: [...message.envelopes, ...message.envelopes] });
      yield sealed('unsigned', {
        ...message,
        envelopes: message.envelopes.map((envelope) => unsigned(hash, envelope)),
      });
      break;
    case 'epochChange':
      yield sealed('another base', {
        ...message,
        change: { ...message.change, table: { ...message.change.table, baseSequence: message.sequence } },
      });
      break;
    case 'proposal':
      yield* blocks(message, seen, hash);
      break;
    case 'vote':
      yield* votes(message, seen);
      break;
    case 'timeout':
      yield* timeouts(message, seen, hash);
      break;
    case 'syncInfo':
      yield* syncs(message, seen);
      break;
    case 'stable':
      for (const [what, certificate] of forgedCheckpoint(message.certificate, others, interval))
        yield sealed(`checkpoint: ${what}`, { ...message, certificate });
      break;
    case 'snapshot':
      yield sealed('another length', { ...message, shape: { ...message.shape, bytes: message.shape.bytes + 1 } });
      break;
    case 'chunk':
      yield sealed('another place', { ...message, index: message.index + 1 });
      yield sealed('other bytes', { ...message, bytes: message.bytes.map((byte) => byte ^ 1) });
      break;
  }
}

function* proposals(
  batch: Batch,
  message: Extract<Signed, { kind: 'prePrepare' }>,
  hash: Hash,
  seen: Seen,
): Generator<Mutation> {
  const changed = changedBatch(hash, batch);
  const empty = createBatch(hash, batch.time, []);
  const late = createBatch(hash, (batch.time + 86_400_000) as Millis, batch.envelopes);
  yield sealed('another batch', { ...message, digest: changed.digest, batch: changed });
  yield sealed('an empty batch', { ...message, digest: empty.digest, batch: empty });
  yield sealed('a batch of tomorrow', { ...message, digest: late.digest, batch: late });
  yield sealed('no batch', { ...message, batch: undefined });
  yield sealed('the null digest', { ...message, digest: NULL_DIGEST, batch: undefined });
  yield sealed('a batch under another digest', { ...message, digest: changed.digest });
  const twice = createBatch(hash, batch.time, [...batch.envelopes, ...batch.envelopes]);
  yield sealed('its requests twice', { ...message, digest: twice.digest, batch: twice });
  const unsignedOnes = batch.envelopes.map((envelope) => unsigned(hash, envelope));
  const forged = createBatch(hash, batch.time, unsignedOnes);
  yield sealed('an unsigned request', { ...message, digest: forged.digest, batch: forged });
  for (const earlier of seen.messages) {
    if (earlier.kind !== 'prePrepare' || earlier.batch === undefined || earlier.digest === message.digest) continue;
    yield sealed('an earlier batch again', { ...message, digest: earlier.digest, batch: earlier.batch });
    return;
  }
}

function* checkpoints(
  message: Extract<Signed, { kind: 'checkpoint' }>,
  others: readonly Digest[],
  interval: number,
): Generator<Mutation> {
  const { content, sequence } = message;
  for (const stateDigest of others) yield sealed('another state', { ...message, content: { ...content, stateDigest } });
  yield sealed('a boundary', { ...message, content: { ...content, boundary: sequence } });
  for (const nextTableHash of others.slice(-1))
    yield sealed('another table', { ...message, content: { ...content, nextTableHash } });
  yield sealed('the next checkpoint', { ...message, sequence: (sequence + interval) as Sequence });
}

function* viewChanges(message: Signed<ViewChange>, others: readonly Digest[], interval: number): Generator<Mutation> {
  const { stable, prepared } = message;
  yield sealed('far view', { ...message, view: (message.view + 1000) as View });
  if (stable !== undefined) {
    yield sealed('no checkpoint', { ...message, stable: undefined });
    for (const [what, forged] of forgedCheckpoint(stable, others, interval))
      yield sealed(`checkpoint: ${what}`, { ...message, stable: forged });
  }
  for (const fewer of withoutOne(prepared)) yield sealed('a prepared slot hidden', { ...message, prepared: fewer });
  for (const [place, certificate] of prepared.entries())
    for (const [what, forged] of forgedPrepared(certificate, others))
      yield sealed(`prepared: ${what}`, { ...message, prepared: prepared.with(place, forged) });
}

function* newViews(message: Signed<NewView>, others: readonly Digest[]): Generator<Mutation> {
  const { viewChanges, entries } = message;
  for (const fewer of withoutOne(viewChanges))
    yield sealed('a VIEW-CHANGE left out', { ...message, viewChanges: fewer });
  const [first, second] = viewChanges;
  if (first !== undefined && second !== undefined) {
    yield sealed('a VIEW-CHANGE twice', { ...message, viewChanges: [first, first, ...viewChanges.slice(2)] });
    const swapped = [{ ...first, digest: second.digest }, ...viewChanges.slice(1)];
    yield sealed("a VIEW-CHANGE under another's name", { ...message, viewChanges: swapped });
  }
  for (const digest of others.slice(-1)) {
    const unknown = viewChanges.map((reference, place) => (place === 0 ? { ...reference, digest } : reference));
    yield sealed('a VIEW-CHANGE that nobody sent', { ...message, viewChanges: unknown });
  }
  for (const fewer of withoutOne(entries)) yield sealed('an entry left out', { ...message, entries: fewer });
  const next = ((entries.at(-1)?.sequence ?? 0) + 1) as Sequence;
  yield sealed('an entry more', { ...message, entries: [...entries, { sequence: next, digest: NULL_DIGEST }] });
  for (const [place, entry] of entries.entries()) {
    for (const digest of [...others.slice(-1), NULL_DIGEST])
      yield sealed('an entry replaced', { ...message, entries: entries.with(place, { ...entry, digest }) });
    yield {
      name: "an entry's signature of another sequence",
      make: (sealer) => {
        const { epoch, view, sender } = message;
        const of = { kind: 'prePrepare', epoch, view, sequence: next, digest: entry.digest, sender } as const;
        const forged = entries.with(place, { ...entry, signature: sealer.sign(of) });
        const inner = { ...message, entries: forged };
        const content = { ...inner, digest: payloadDigest(sealer.hash, inner, encodePayload(inner)) };
        return { ...content, signature: sealer.sign(content) };
      },
    };
  }
}

function* statuses(message: Signed<Status>, others: readonly Digest[]): Generator<Mutation> {
  yield sealed('far ahead', { ...message, sequence: (message.sequence + 100) as Sequence, slots: [] });
  yield sealed('a later view promised', { ...message, promisedView: (message.promisedView + 100) as View });
  yield sealed('a later checkpoint', { ...message, stableSequence: (message.stableSequence + 100) as Sequence });
  yield sealed('requests that nobody has', { ...message, waiting: others });
  for (const headDigest of others.slice(-1)) yield sealed('another head', { ...message, headDigest });
  yield sealed('nothing held', { ...message, slots: [], waiting: [], viewChangesHeld: [] });
}
