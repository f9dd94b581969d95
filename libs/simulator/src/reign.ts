import type { Replica } from '@concordat/consensus';
import type { Authentic, EpochChange, Epochs } from '@concordat/protocol';
import type { Adversary } from './adversary';
import type { Eyes } from './packet';
import { Performer, type PerformerHooks, type PerformerParts } from './performer';
import { buildTenure, type Tenure, type TenureParts, type TenureStart } from './tenure';

/** What a reign is built from. */
export interface ReignParts extends PerformerParts, TenureParts {
  /** Who steers the node in an epoch; undefined for nobody. */
  readonly adversaryIn: (tenure: Tenure) => Adversary | undefined;
}

/** A running process in one epoch: the production engine, and what performs its effects. */
export class Reign {
  readonly tenure: Tenure;
  readonly epochs: Epochs;
  readonly engine: Replica;
  readonly performer: Performer;
  readonly adversary: Adversary | undefined;
  /** The epoch is over: nothing is heard any more. */
  isOver = false;
  /** What leads into the next one, once all before it is durable. */
  next: EpochChange | undefined;
  /** What clients handed in after the end. */
  readonly late: Authentic[] = [];
  private sight: { readonly eyes: Eyes; readonly known: number } | undefined;

  constructor(
    private readonly parts: ReignParts,
    start: TenureStart,
    life: number,
    hooks: PerformerHooks,
  ) {
    this.epochs = start.epochs;
    this.tenure = buildTenure(parts, start);
    const { engine, committee, sealer } = this.tenure;
    this.engine = engine;
    this.adversary = parts.adversaryIn(this.tenure);
    this.performer = new Performer(
      parts,
      { committee, sealer, adversary: this.adversary },
      life,
      () => engine.base(),
      hooks,
    );
  }

  /** What the node sees by, with the epochs that it knows by now. */
  get eyes(): Eyes {
    const known = this.epochs.all.length;
    if (this.sight?.known !== known)
      this.sight = { eyes: this.parts.opener.eyesOf(this.epochs, this.tenure.committee), known };
    return this.sight.eyes;
  }
}
