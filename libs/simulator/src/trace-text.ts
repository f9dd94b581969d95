import type { DurableRecord, Effect } from '@concordat/consensus';
import {
  isRejection,
  type BlockReference,
  type Digest,
  type Draft,
  type Statement,
  type ViewProof,
} from '@concordat/protocol';
import type { SimulatorEvent } from './events';
import type { Packet } from './packet';
import type { TraceEntry } from './trace';

const short = (digest: Digest | undefined): string => digest?.slice(0, 8) ?? '-';

/** A statement in words. */
export const statementText = ({ kind, epoch, view, sequence, digest, sender }: Statement): string =>
  `${kind} ${epoch === 0 ? '' : `e${String(epoch)} `}v${String(view)} s${String(sequence)} ${short(digest)} of ${String(sender)}`;

const blockText = ({ view, digest }: BlockReference): string => `v${String(view)} ${short(digest)}`;

const proofText = ({ justify, timeouts }: ViewProof): string =>
  `QC ${justify === undefined ? 'of the root' : blockText(justify)}${timeouts === undefined ? '' : ` TC v${String(timeouts.view)}`}`;

function draftText(draft: Draft): string {
  const view = 'view' in draft ? ` v${String(draft.view)}` : '';
  const head = `${draft.kind}${view} s${String(draft.sequence)}`;
  switch (draft.kind) {
    case 'prePrepare':
    case 'prepare':
    case 'commit':
    case 'vote':
      return `${head} ${short(draft.digest)}`;
    case 'proposal':
      return `${head} ${short(draft.digest)} on ${blockText(draft.parent)} batch ${short(draft.batchDigest)} ${proofText(draft)}`;
    case 'timeout':
      return `${head} highest ${blockText(draft.highest)} ${proofText(draft)}`;
    case 'syncInfo':
      return `${head} ${proofText(draft)}`;
    case 'stable':
      return `${head} state ${short(draft.certificate.content.stateDigest)}`;
    case 'checkpoint':
      return `${head} state ${short(draft.content.stateDigest)}`;
    case 'viewChange':
      return `${head} stable ${String(draft.stable?.sequence ?? 0)} prepared [${draft.prepared
        .map(
          (certificate) => `${String(certificate.sequence)}@${String(certificate.view)} ${short(certificate.digest)}`,
        )
        .join(', ')}]`;
    case 'newView':
      return `${head} from [${draft.viewChanges.map((part) => part.sender).join(',')}] O [${draft.entries
        .map((entry) => `${String(entry.sequence)} ${short(entry.digest)}`)
        .join(', ')}]`;
    case 'fetch':
      return `${head} batches [${draft.batches.map(short).join(',')}] parts ${String(draft.viewChanges.length)} decided ${String(
        draft.decided?.from,
      )}..${String(draft.decided?.to)}`;
    case 'status':
      return `${head} promised ${String(draft.promisedView)} stable ${String(draft.stableSequence)} slots [${draft.slots
        .map((slot) => `${String(slot.sequence)}:${String(slot.flags)}`)
        .join(
          ',',
        )}] waiting ${String(draft.waiting.length)} holds [${draft.viewChangesHeld.map((held) => held.sender).join(',')}] silent [${draft.silent.join(',')}]`;
    case 'snapshot':
      return `${head} state ${short(draft.certificate.content.stateDigest)}`;
    case 'chunk':
      return `${head} ${String(draft.index)}`;
    case 'epochChange':
      return `${head} to epoch ${String(draft.change.table.epoch)}`;
    case 'batch':
      return `${head} ${short(draft.batch.digest)}`;
    case 'decided':
      return `${head} ${short(draft.certificate.digest)}`;
    case 'requests':
      return `${head} ${draft.envelopes.map((envelope) => short(envelope.id)).join(',')}`;
  }
}

function recordText(record: DurableRecord): string {
  switch (record.kind) {
    case 'batch':
      return `batch s${String(record.sequence)} ${short(record.batch.digest)}`;
    case 'prepared':
      return `prepared s${String(record.certificate.sequence)}@${String(record.certificate.view)} ${short(record.certificate.digest)}`;
    case 'newView':
      return `newView v${String(record.message.view)}`;
    case 'proposal':
      return statementText(record.message);
    case 'abstention':
      return `abstention through v${String(record.through)}`;
    case 'lock':
      return `lock ${blockText(record.locked)}`;
    case 'state':
      return `state s${String(record.sequence)}`;
    case 'stable':
      return `stable s${String(record.certificate.sequence)}`;
    case 'epoch':
      return `epoch ${String(record.change.table.epoch)}`;
    case 'evidence':
      return `evidence against ${String(record.evidence.accused)}`;
  }
}

function effectText(member: number, effect: Effect): string {
  const head = `  ${String(member)} ${effect.kind}`;
  switch (effect.kind) {
    case 'persist':
      return `${head} ${recordText(effect.record)}`;
    case 'vote':
      return `${head} ${effect.to === undefined ? '' : `to ${String(effect.to)} `}${draftText(effect.draft)}`;
    case 'broadcast':
      return `${head} ${draftText(effect.draft)}`;
    case 'send':
      return `${head} to ${String(effect.to)} ${draftText(effect.draft)}`;
    case 'forward':
      return `${head} to ${String(effect.to)} ${statementText(effect.message)}`;
    case 'supply':
      return `${head} to ${String(effect.to)} ${String(effect.from)}..${String(effect.through)}`;
    case 'startTimer':
      return `${head} ${effect.timer} ${String(effect.delayMs)} ms`;
    case 'cancelTimer':
      return `${head} ${effect.timer}`;
    case 'commit':
      return `${head} s${String(effect.block.sequence)} ${short(effect.block.certificate.digest)} by v${String(effect.block.certificate.view)}`;
    case 'admitted':
      return `${head} ${short(effect.envelope.id)}`;
    case 'refused':
      return `${head} ${short(effect.id)} ${effect.rejection.code}`;
    case 'rejected':
      return `${head} ${String(effect.sender)}: ${effect.rejection.code}, ${effect.rejection.reason}`;
    case 'accuse':
      return `${head} ${String(effect.evidence.accused)} of ${effect.evidence.kind}`;
    case 'viewEntered':
      return `${head} v${String(effect.view)} of ${String(effect.leader)}`;
    case 'viewLeft':
      return `${head} v${String(effect.view)}: ${effect.reason}`;
    case 'stable':
      return `${head} s${String(effect.sequence)}`;
    case 'installed':
      return `${head} s${String(effect.sequence)} from ${String(effect.from)}`;
    case 'epochEnded':
      return `${head} before ${String(effect.change.table.epoch)}`;
    case 'halt':
      return `${head}: ${effect.reason}`;
  }
}

function packetText({ frame, bytes }: Packet): string {
  if (frame === undefined) return `${String(bytes.length)} unopened bytes`;
  return isRejection(frame) ? frame.code : statementText(frame.statement);
}

/** A trace's entry as a line: time since `start`, then words. */
export function entryText({ at, member, subject }: TraceEntry, start: number): string {
  const time = (at - start).toFixed(2).padStart(10);
  if (typeof subject === 'string') return `${time}  ${subject}`;
  if (isRejection(subject)) return `${time}      refused: ${subject.code}, ${subject.reason}`;
  return `${time}  ${isEvent(subject) ? eventText(subject) : effectText(member, subject)}`;
}

const EVENT_KINDS: ReadonlySet<string> = new Set<SimulatorEvent['kind']>([
  'deliver',
  'submit',
  'fault',
  'heal',
  'restart',
  'resume',
  'adversary',
  'timer',
  'drained',
  'synced',
  'own',
  'retained',
  'change',
]);

const isEvent = (subject: SimulatorEvent | Effect): subject is SimulatorEvent => EVENT_KINDS.has(subject.kind);

function eventText(event: SimulatorEvent): string {
  switch (event.kind) {
    case 'deliver':
      return `${String(event.to)} <- ${String(event.from)}: ${packetText(event.packet)}`;
    case 'submit':
      return `${String(event.to)} <- client: envelope ${short(event.envelope.id)}`;
    case 'fault':
    case 'heal':
      return `${event.kind} ${JSON.stringify(event.fault)}`;
    case 'change':
      return `change ${JSON.stringify(event.change)}`;
    case 'restart':
      return `${String(event.member)} restarts`;
    case 'resume':
      return `${String(event.member)} goes on`;
    case 'adversary':
      return `${String(event.member)} acts`;
    case 'timer':
      return `${String(event.member)} timer ${event.timer}`;
    case 'own':
      return `${String(event.member)} has sealed ${statementText(event.message)}`;
    case 'drained':
    case 'synced':
    case 'retained':
      return `${String(event.member)} ${event.kind}`;
  }
}
