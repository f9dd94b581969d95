import type { DurableRecord } from '@concordat/consensus';
import {
  encodeBatch,
  encodeEpochTable,
  encodeMessage,
  writeCheckpointCertificate,
  Writer,
  writePreparedCertificate,
  type MessageKind,
  type Signed,
} from '@concordat/protocol';
import { encodeEvidence } from './evidence-record';
import type { LogRecord } from './group';

/** What a record of the vote log is. The number is `LogRecord.kind`; none is ever given another meaning. */
export const DURABLE_KINDS = {
  vote: 1,
  batch: 2,
  prepared: 3,
  newView: 4,
  state: 5,
  stable: 6,
  evidence: 7,
  epoch: 8,
  proposal: 9,
  lock: 10,
  abstention: 11,
} as const;
/** Name of a kind of DURABLE_KINDS. */
export type DurableKind = keyof typeof DURABLE_KINDS;

/** Kinds of votes whose sequence is a slot. The others bind their sender for a whole view. */
const SLOT_VOTES: ReadonlySet<MessageKind> = new Set([
  'prePrepare',
  'prepare',
  'commit',
  'checkpoint',
  'proposal',
  'vote',
]);

/** What this member sealed itself, in full: a restart sends the same bytes again (Spec §6). */
export function encodeOwnVote(message: Signed): LogRecord {
  const sequence = SLOT_VOTES.has(message.kind) ? message.sequence : 0;
  return { kind: DURABLE_KINDS.vote, sequence, payload: encodeMessage(message) };
}

/**
 * What a vote rests on. `sequence` is the slot's, so that a log can tell which files a stable checkpoint makes needless;
 * 0 for what outlives every slot, which the base of a newer file repeats.
 */
export function encodeDurableRecord(record: DurableRecord): LogRecord {
  switch (record.kind) {
    case 'batch':
      return { kind: DURABLE_KINDS.batch, sequence: record.sequence, payload: encodeBatch(record.batch) };
    case 'prepared': {
      const writer = new Writer(512);
      writePreparedCertificate(writer, record.certificate);
      return { kind: DURABLE_KINDS.prepared, sequence: record.certificate.sequence, payload: writer.bytes() };
    }
    case 'proposal': {
      const { message } = record;
      return { kind: DURABLE_KINDS.proposal, sequence: message.sequence, payload: encodeMessage(message) };
    }
    case 'abstention': {
      const payload = new Writer(16).u64(record.epoch).u64(record.through).bytes();
      return { kind: DURABLE_KINDS.abstention, sequence: 0, payload };
    }
    case 'lock': {
      const { view, digest } = record.locked;
      return {
        kind: DURABLE_KINDS.lock,
        sequence: 0,
        payload: new Writer(48).u64(record.epoch).u64(view).digest(digest).bytes(),
      };
    }
    case 'newView':
      return { kind: DURABLE_KINDS.newView, sequence: 0, payload: encodeMessage(record.message) };
    case 'state': {
      const payload = new Writer(8 + record.state.length).u64(record.sequence).raw(record.state).bytes();
      return { kind: DURABLE_KINDS.state, sequence: 0, payload };
    }
    case 'stable': {
      const writer = new Writer(512);
      writeCheckpointCertificate(writer, record.certificate);
      return { kind: DURABLE_KINDS.stable, sequence: 0, payload: writer.bytes() };
    }
    case 'epoch': {
      const writer = new Writer(1024).long(encodeEpochTable(record.change.table));
      writeCheckpointCertificate(writer, record.change.certificate);
      return { kind: DURABLE_KINDS.epoch, sequence: 0, payload: writer.bytes() };
    }
    case 'evidence':
      return { kind: DURABLE_KINDS.evidence, sequence: 0, payload: encodeEvidence(record.evidence) };
  }
}
