import type { Address, Effect } from '@concordat/consensus';
import type { MemberIndex } from '@concordat/protocol';
import type { SimulatorEvent } from './events';
import { wordOf, wordOfText, type Trace } from './trace';

/** Where a packet's signature begins: behind the header and a length. */
const SIGNATURE_OFFSET = 62;

const EVENT_WORDS: Readonly<Record<SimulatorEvent['kind'], number>> = {
  deliver: 1,
  submit: 2,
  fault: 3,
  heal: 4,
  restart: 5,
  resume: 6,
  adversary: 7,
  timer: 8,
  drained: 9,
  synced: 10,
  own: 11,
  retained: 12,
  change: 13,
};

/** Notes an event. */
export function noteEvent(trace: Trace, at: number, event: SimulatorEvent): void {
  const word = EVENT_WORDS[event.kind];
  switch (event.kind) {
    case 'deliver': {
      const { bytes } = event.packet;
      trace.note(at, event.to, event, (word << 16) ^ event.from, bytes.length, wordOf(bytes, SIGNATURE_OFFSET));
      break;
    }
    case 'submit':
      trace.note(at, event.to, event, word, 0, 0);
      break;
    case 'fault':
    case 'heal':
    case 'change':
      trace.note(at, -1, event, word, 0, 0);
      break;
    default:
      trace.note(at, event.member, event, word, 0, 0);
  }
}

const addressWord = (to: Address): number => (typeof to === 'number' ? to : wordOfText(to));

/** Notes what an engine wants. */
export function noteEffect(trace: Trace, at: number, member: MemberIndex, effect: Effect): void {
  const kind = wordOfText(effect.kind);
  switch (effect.kind) {
    case 'vote':
    case 'broadcast':
    case 'send': {
      const { draft } = effect;
      trace.note(
        at,
        member,
        effect,
        kind ^ wordOfText(draft.kind),
        draft.sequence,
        'digest' in draft ? wordOfText(draft.digest) : 0,
      );
      break;
    }
    case 'forward':
      trace.note(
        at,
        member,
        effect,
        kind ^ addressWord(effect.to),
        effect.message.sequence,
        wordOf(effect.message.signature, 0),
      );
      break;
    case 'commit':
      trace.note(at, member, effect, kind, effect.block.sequence, wordOfText(effect.block.headDigest));
      break;
    case 'startTimer':
      trace.note(at, member, effect, kind, effect.delayMs, wordOfText(effect.timer));
      break;
    case 'rejected':
      trace.note(at, member, effect, kind, effect.sender, wordOfText(effect.rejection.code));
      break;
    default:
      trace.note(at, member, effect, kind, 0, 0);
  }
}
