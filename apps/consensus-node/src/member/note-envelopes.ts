import { type Envelope, type Verified } from '@concordat/protocol';
import { type Proposals } from '@concordat/replica-host';

/** Envelopes that a message brings: of the pool of another member, or of a leader's proposal. */
function envelopesIn(message: Verified): readonly Envelope[] {
  switch (message.kind) {
    case 'requests':
      return message.envelopes;
    case 'prePrepare':
    case 'proposal':
      return message.batch?.envelopes ?? [];
    default:
      return [];
  }
}

/** Whatever envelopes a message brings may be asked for from now on. */
export function noteEnvelopes(proposals: Pick<Proposals, 'note'>, message: Verified): void {
  for (const envelope of envelopesIn(message)) proposals.note(envelope);
}
