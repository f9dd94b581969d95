import type { MemberIndex } from '@concordat/protocol';
import type { Blame } from './watch';

/** A rule that was broken. */
export interface Violation {
  /** Name of the rule. */
  readonly rule: string;
  readonly member: MemberIndex;
  /** Milliseconds since the start. */
  readonly atMs: number;
  readonly text: string;
}

/** Violations of one rule that a run collects. */
const OF_ONE_RULE_MAX = 10;

/** Collects what checkers report. */
export class Verdict {
  readonly violations: Violation[] = [];
  private final = false;

  /** `tolerated`: rules whose breach does not end the run. */
  constructor(
    private readonly tolerated: readonly string[],
    private readonly elapsedMs: () => number,
  ) {}

  /** True once a rule was broken that ends the run. */
  get isFinal(): boolean {
    return this.final;
  }

  /** Takes a report. */
  readonly blame: Blame = (rule, member, text) => {
    if (!this.tolerated.includes(rule)) this.final = true;
    if (this.violations.filter((violation) => violation.rule === rule).length >= OF_ONE_RULE_MAX) return;
    this.violations.push({ rule, member, atMs: this.elapsedMs(), text });
  };
}
