import type { BlockReference, Digest, MemberIndex, Proposal, Signed } from '@concordat/protocol';
import type { Append } from '../append';
import type { Checker } from '../watch';

/** Every block that a correct member proposed, heard of or kept: what other checkers look up votes in. Comes before them. */
export class BlockIndex implements Checker {
  private readonly proposals = new Map<Digest, Proposal>();

  /** The proposal of a block, whatever certificates it came with first; undefined for one that nobody has seen. */
  get(digest: Digest): Proposal | undefined {
    return this.proposals.get(digest);
  }

  /** Whether a block is another one, or stands on it; undefined where a block between them is not known. */
  extends(block: BlockReference, ancestor: BlockReference): boolean | undefined {
    let at = block;
    while (at.digest !== ancestor.digest) {
      if (at.view <= ancestor.view) return false;
      const parent = this.proposals.get(at.digest)?.parent;
      if (parent === undefined) return undefined;
      at = parent;
    }
    return true;
  }

  /** What a vote for a block locks its voter on: two blocks in a row are certified, its parent and the one below. */
  lockedBy({ parent }: Proposal): BlockReference | undefined {
    return this.proposals.get(parent.digest)?.parent;
  }

  sealed(_member: MemberIndex, message: Signed): void {
    this.note(message);
  }

  received(_member: MemberIndex, message: Signed): void {
    this.note(message);
  }

  durable(_member: MemberIndex, appends: readonly Append[]): void {
    for (const { kept } of appends)
      if (kept.kind === 'record' && kept.record.kind === 'proposal') this.note(kept.record.message);
  }

  private note(message: Signed): void {
    if (message.kind === 'proposal' && !this.proposals.has(message.digest)) this.proposals.set(message.digest, message);
  }
}
