import {
  blockDigest,
  createBatch,
  NULL_DIGEST,
  timeoutDigest,
  type Batch,
  type Digest,
  type Hash,
  type Millis,
  type Proposal,
  type QuorumCertificate,
  type Sequence,
  type Signed,
  type SyncInfo,
  type Timeout,
  type View,
  type ViewProof,
  type Vote,
} from '@concordat/protocol';
import { changedBatch, unsigned } from './batches';
import { forgedQuorum, forgedTimeouts } from './certificates';
import { sealed, type Mutation, type Seen } from './mutation';

/** A proposal with one thing changed; under the digest of what it then is, where it is not said otherwise. */
export function* blocks(message: Signed<Proposal>, seen: Seen, hash: Hash): Generator<Mutation> {
  const again = (name: string, change: Partial<Proposal>): Mutation => {
    const changed = { ...message, ...change };
    const { view, sequence, parent, batchDigest: batch } = changed;
    return sealed(name, { ...changed, digest: blockDigest(hash, { view, sequence, parent, batch }) });
  };
  const carrying = (name: string, batch: Batch | undefined): Mutation =>
    again(name, { batch, batchDigest: batch?.digest ?? NULL_DIGEST });
  const { batch, parent, sequence } = message;
  if (batch !== undefined) {
    const changed = changedBatch(hash, batch);
    yield carrying('another batch', changed);
    yield carrying('an empty batch', createBatch(hash, batch.time, []));
    yield carrying('a batch of tomorrow', createBatch(hash, (batch.time + 86_400_000) as Millis, batch.envelopes));
    yield carrying('the null digest', undefined);
    yield carrying('its requests twice', createBatch(hash, batch.time, [...batch.envelopes, ...batch.envelopes]));
    const forged = batch.envelopes.map((envelope) => unsigned(hash, envelope));
    yield carrying('an unsigned request', createBatch(hash, batch.time, forged));
  }
  for (const earlier of seen.messages) {
    if (earlier.kind !== 'proposal' || earlier.batch === undefined || earlier.digest === message.digest) continue;
    yield carrying('an earlier batch again', earlier.batch);
    break;
  }
  const [other] = others(seen, parent.digest);
  if (other !== undefined) yield again('another parent', { parent: { ...parent, digest: other } });
  yield again('another height', { sequence: (sequence + 1) as Sequence });
  for (const [name, proof] of forgedProofs(message, seen)) yield again(name, proof);
  for (const older of olderThan(message, seen)) {
    const below = { view: older.view, digest: older.digest };
    const place = { parent: below, sequence: (older.sequence + 1) as Sequence };
    yield again('an older certificate', { justify: older, ...place });
  }
}

/** A vote for something else. */
export function* votes(message: Signed<Vote>, seen: Seen): Generator<Mutation> {
  for (const digest of [...others(seen, message.digest), NULL_DIGEST])
    yield sealed('another block', { ...message, digest });
}

/** A TIMEOUT that names another certificate, or shows a wrong one. */
export function* timeouts(message: Signed<Timeout>, seen: Seen, hash: Hash): Generator<Mutation> {
  const naming = (name: string, highest: Timeout['highest'], proof: Partial<ViewProof>): Mutation =>
    sealed(name, { ...message, ...proof, highest, digest: timeoutDigest(hash, highest) });
  const { highest } = message;
  for (const [name, proof] of forgedProofs(message, seen)) yield sealed(name, { ...message, ...proof });
  for (const digest of others(seen, highest.digest)) yield naming('another block named', { ...highest, digest }, {});
  yield naming('a later view named', { ...highest, view: (highest.view + 1) as View }, {});
  for (const justify of olderThan(message, seen)) {
    const { view, digest } = justify;
    yield naming('an older certificate', { view, digest }, { justify });
  }
}

/** A SYNC-INFO with one thing wrong. */
export function* syncs(message: Signed<SyncInfo>, seen: Seen): Generator<Mutation> {
  yield sealed('far view', { ...message, view: (message.view + 1000) as View });
  for (const [name, proof] of forgedProofs(message, seen)) yield sealed(name, { ...message, ...proof });
}

/** What proves a view, with one thing wrong. */
function* forgedProofs({ justify, timeouts: given }: ViewProof, seen: Seen): Generator<[string, ViewProof]> {
  if (justify !== undefined) {
    yield ['no certificate', { justify: undefined, timeouts: given }];
    for (const [what, forged] of forgedQuorum(justify, seen.digests))
      yield [`certificate: ${what}`, { justify: forged, timeouts: given }];
  }
  if (given === undefined) return;
  yield ['no timeouts', { justify, timeouts: undefined }];
  for (const [what, forged] of forgedTimeouts(given, seen.digests))
    yield [`timeouts: ${what}`, { justify, timeouts: forged }];
}

/** Certificates that were seen before and are older than a proof's own; the newest of them. */
function olderThan({ justify }: ViewProof, seen: Seen): QuorumCertificate[] {
  const shown = seen.messages.flatMap((message) =>
    message.kind === 'proposal' && message.justify !== undefined ? [message.justify] : [],
  );
  return shown.filter(({ view }) => view < (justify?.view ?? 0)).slice(-1);
}

const others = ({ digests }: Seen, own: Digest): Digest[] => digests.filter((digest) => digest !== own).slice(-2);
