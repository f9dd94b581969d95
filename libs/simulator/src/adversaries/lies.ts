import {
  NULL_DIGEST,
  seal,
  type Digest,
  type MemberIndex,
  type NewView,
  type Sequence,
  type Signed,
  type Status,
  type Verified,
  type View,
  type ViewChange,
} from '@concordat/protocol';
import { othersOf, type Adversary, type AdversaryTools } from '../adversary';
import { packetOf } from '../packet';

/**
 * Starts views with less than was prepared: leaves out the last slot, or puts null where something was prepared, and
 * hides its own prepared certificates when it asks for a view.
 */
export class NewViewLiar implements Adversary {
  private readonly deceived: ReadonlySet<MemberIndex>;
  private readonly forged = new Map<Digest, Signed>();

  constructor(private readonly tools: AdversaryTools) {
    const others = tools.random.shuffled(othersOf(tools));
    this.deceived = new Set(others.slice(0, tools.random.between(1, others.length)));
  }

  divert(message: Signed, to: MemberIndex): readonly Signed[] {
    if (message.sender !== this.tools.self) return [message];
    if (message.kind === 'viewChange') return [this.once(message, () => this.hide(message))];
    if (message.kind === 'newView' && this.deceived.has(to)) return [this.once(message, () => this.forge(message))];
    return [message];
  }

  private once(message: Signed, make: () => Signed): Signed {
    let forged = this.forged.get(message.digest);
    if (forged === undefined) {
      forged = make();
      this.forged.set(message.digest, forged);
    }
    return forged;
  }

  private hide({ view, sequence, stable, prepared }: Signed<ViewChange>): Signed {
    const kept = prepared.slice(0, this.tools.random.below(prepared.length + 1));
    return seal(this.tools.sealer, { kind: 'viewChange', view, sequence, stable, prepared: kept });
  }

  private forge({ view, sequence, viewChanges, entries }: Signed<NewView>): Signed {
    const forget = this.tools.random.chance(0.5);
    const wrong = forget
      ? entries.slice(0, -1)
      : entries.map((entry) => ({ sequence: entry.sequence, digest: NULL_DIGEST }));
    return seal(this.tools.sealer, { kind: 'newView', view, sequence, viewChanges, entries: wrong });
  }
}

/** Asks for views that nobody needs, near and far. */
export class ViewRusher implements Adversary {
  private highest = 0;

  constructor(private readonly tools: AdversaryTools) {}

  divert(message: Signed): readonly Signed[] {
    return [message];
  }

  observe(message: Verified): void {
    if (message.kind === 'status') this.highest = Math.max(this.highest, message.view);
  }

  act(): void {
    const { random, sealer } = this.tools;
    if (!random.chance(0.3)) return;
    const view = this.highest + (random.chance(0.2) ? 1_000_000 : random.between(1, 4));
    const draft = {
      kind: 'viewChange',
      view: view as View,
      sequence: 0 as Sequence,
      stable: undefined,
      prepared: [],
    } as const;
    const packet = packetOf(seal(sealer, draft));
    for (const to of othersOf(this.tools)) this.tools.transmit(to, packet);
  }
}

/** Claims in its STATUS to be elsewhere than it is, and answers fetches with nothing. */
export class FalseStatus implements Adversary {
  constructor(private readonly tools: AdversaryTools) {}

  divert(message: Signed): readonly Signed[] {
    if (message.kind === 'decided' || message.kind === 'batch') return [];
    return message.kind === 'status' ? [this.falsify(message)] : [message];
  }

  private falsify(status: Signed<Status>): Signed {
    const { random, sealer } = this.tools;
    const ahead = random.chance(0.5) ? random.between(1, 200) : 0;
    const sequence = (status.sequence + ahead) as Sequence;
    return seal(sealer, {
      ...status,
      kind: 'status',
      sequence,
      view: (status.view + random.below(3)) as View,
      promisedView: (status.promisedView + random.below(1000)) as View,
      slots: status.slots.filter((slot) => slot.sequence > sequence),
    });
  }
}
