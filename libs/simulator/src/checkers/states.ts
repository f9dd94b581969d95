import type { Digest, MemberIndex, Signed } from '@concordat/protocol';
import type { Blame, Checker } from '../watch';

interface Told {
  readonly by: MemberIndex;
  readonly digest: Digest;
}

/** Whatever two correct members say of the state after one sequence is the same, digest for digest. */
export class StatesChecker implements Checker {
  private readonly states = new Map<number, Told>();

  constructor(private readonly blame: Blame) {}

  sealed(member: MemberIndex, message: Signed): void {
    if (message.kind !== 'checkpoint') return;
    const { sequence, digest, content } = message;
    const first = this.states.get(sequence);
    if (first === undefined) this.states.set(sequence, { by: member, digest });
    else if (first.digest !== digest) {
      const text = `the state after ${String(sequence)} is ${content.stateDigest} here, and another at member ${String(first.by)}`;
      this.blame('state-digest', member, text);
    }
  }
}
