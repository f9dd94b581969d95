import { Counter, Gauge, type Registry } from 'prom-client';

/** What a metric with one label of known values is made of. */
export interface ClosedLabel<Value extends string> {
  readonly name: string;
  readonly help: string;
  readonly label: string;
  /** All values that the label ever takes: each is there from the start, with 0. */
  readonly values: readonly Value[];
}

/**
 * A counter with one label whose values are a closed set, so that nothing from outside can make the series grow, and a rate
 * over a value that has not occurred yet is 0 and not missing.
 */
export class ClosedCounter<Value extends string> {
  private readonly counter: Counter;
  private readonly label: string;
  private readonly values: readonly Value[];

  constructor(registry: Registry, { name, help, label, values }: ClosedLabel<Value>) {
    this.label = label;
    this.values = values;
    this.counter = new Counter({ name, help, labelNames: [label], registers: [registry] });
    for (const value of values) this.inc(value, 0);
  }

  /** Counts `by` more. */
  inc(value: Value, by = 1): void {
    this.counter.inc({ [this.label]: value }, by);
  }

  /** Takes over totals that something else has counted. */
  setTotals(totals: Readonly<Record<Value, number>>): void {
    this.counter.reset();
    for (const value of this.values) this.inc(value, totals[value]);
  }
}

/** A gauge with one label whose values are a closed set. */
export class ClosedGauge<Value extends string> {
  private readonly gauge: Gauge;
  private readonly label: string;

  constructor(registry: Registry, { name, help, label, values }: ClosedLabel<Value>) {
    this.label = label;
    this.gauge = new Gauge({ name, help, labelNames: [label], registers: [registry] });
    for (const value of values) this.set(value, 0);
  }

  /** Sets one value's gauge. */
  set(value: Value, to: number): void {
    this.gauge.set({ [this.label]: value }, to);
  }
}
