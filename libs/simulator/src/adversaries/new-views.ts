import { NULL_DIGEST, seal, type Signed } from '@concordat/protocol';
import type { Adversary, AdversaryTools } from '../adversary';

/**
 * A NEW-VIEW for which its leader asked nobody: it names its own VIEW-CHANGE, which hides what is prepared, under every
 * member's name, and puts null where something may be decided.
 */
export class LonelyNewView implements Adversary {
  private own: Signed | undefined;

  constructor(private readonly tools: AdversaryTools) {}

  divert(message: Signed): readonly Signed[] {
    const { sealer, self } = this.tools;
    if (message.sender !== self) return [message];
    if (message.kind === 'viewChange') {
      if (this.own?.view !== message.view) this.own = seal(sealer, { ...message, prepared: [] });
      return [this.own];
    }
    if (message.kind !== 'newView' || this.own === undefined) return [message];
    const { digest } = this.own;
    const viewChanges = message.viewChanges.map(({ sender }) => ({ sender, digest }));
    const { view } = message;
    const slots = message.entries.flatMap(({ sequence }) => {
      const place = { view, sequence, digest: NULL_DIGEST };
      return [
        seal(sealer, { ...place, kind: 'prePrepare', batch: undefined }),
        seal(sealer, { ...place, kind: 'commit' }),
      ];
    });
    return [this.own, seal(sealer, { ...message, viewChanges, entries: [] }), ...slots];
  }
}
