import type { Proposal, Signed, Timeout, Verified, View, Vote } from '@concordat/protocol';

/** The newest that this member sealed of each kind, to be sent again as they are (Spec §6). */
export class OwnMessages {
  proposal: Signed<Proposal> | undefined;
  vote: Signed<Vote> | undefined;
  timeout: Signed<Timeout> | undefined;

  /** Keeps what the host sealed. */
  keep(message: Signed | Verified): void {
    switch (message.kind) {
      case 'proposal':
        if (isNewer(message, this.proposal)) this.proposal = message;
        break;
      case 'vote':
        if (isNewer(message, this.vote)) this.vote = message;
        break;
      case 'timeout':
        if (isNewer(message, this.timeout)) this.timeout = message;
        break;
      default:
        break;
    }
  }

  all(): Signed[] {
    return [this.proposal, this.vote, this.timeout].filter((message) => message !== undefined);
  }
}

const isNewer = (message: { readonly view: View }, known: { readonly view: View } | undefined): boolean =>
  known === undefined || known.view < message.view;
