import type { Effect } from '@concordat/consensus';
import type { MemberIndex } from '@concordat/protocol';
import type { SimulatorEvent } from './events';
import { wordOf, wordOfText, type Trace } from './trace';

/** Where a packet's signature begins: behind the header and a length. */
const SIGNATURE_OFFSET = 62;

/** Notes an event. */
export function noteEvent(trace: Trace, at: number, event: SimulatorEvent): void {
  const kind = wordOfText(event.kind);
  if (event.kind === 'deliver') {
    const { bytes } = event.packet;
    trace.note(at, event.to, event, kind ^ event.from, bytes.length, wordOf(bytes, SIGNATURE_OFFSET));
  } else if ('member' in event) trace.note(at, event.member, event, kind, 0, 0);
  else trace.note(at, 'to' in event ? event.to : -1, event, kind, 0, 0);
}

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
      trace.note(at, member, effect, kind ^ effect.to, effect.message.sequence, wordOf(effect.message.signature, 0));
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
