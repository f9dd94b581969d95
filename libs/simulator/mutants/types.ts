/** One change of a source text. */
export interface Patch {
  /** From the repository's root. */
  readonly file: string;
  /** Must stand in the file exactly once: a text that was rewritten disarms no mutant silently. */
  readonly find: string;
  readonly replace: string;
}

/** Seeds 1 to `max` of runSchedule with these options; one of `rules` must be reported broken. */
export interface SeedKiller {
  readonly kind: 'seeds';
  /** Overrides of runSchedule; what is not said follows from the seed. */
  readonly options: object;
  readonly max: number;
  /** Names of rules as the simulator's checkers report them. */
  readonly rules: readonly string[];
}

/** A test by its title, which must fail by an assertion. */
export interface TestKiller {
  readonly kind: 'test';
  /** Spec file from the repository's root. */
  readonly file: string;
  /** The title of the test itself, without its describe blocks. */
  readonly title: string;
}

export type Killer = SeedKiller | TestKiller;

/** A rule of the protocol, deliberately broken. */
export interface Mutant {
  readonly name: string;
  /** Section of the specification. */
  readonly section: string;
  /** The rule that is broken, in words. */
  readonly rule: string;
  readonly patches: readonly Patch[];
  /** Every one of them must kill it. */
  readonly killers: readonly Killer[];
}

/** What came of setting one killer on a mutant, or on the unchanged sources. */
export interface Outcome {
  /**
   * killed: by a broken rule or a failed assertion. survived: nothing was found. broken: the mutant does not build, does
   * not load, or fails by accident (a TypeError, say), which shows nothing.
   */
  readonly verdict: 'killed' | 'survived' | 'broken';
  /** Seeds that were run; 1 for a test. */
  readonly seeds: number;
  readonly durationMs: number;
  readonly reason: string;
}

/** A killer's outcome with what it was set on. */
export interface Kill extends Outcome {
  readonly mutant: Mutant;
  readonly killer: Killer;
}
