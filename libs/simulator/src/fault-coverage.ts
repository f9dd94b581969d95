import type { EngineName, MemberIndex } from '@concordat/protocol';
import type { Append } from './append';
import { PROTOCOL_STEPS, stepOfAppend, STEPS_OF, type ProtocolStep } from './protocol-steps';
import { STRATEGIES, type STRATEGIES_OF, type Strategy } from './schedule';

/** Faults of machines and networks that are counted. */
export const MACHINE_FAULTS = [
  'loss',
  'repeat',
  'reorder',
  'delay',
  'clog',
  'symmetric-partition',
  'asymmetric-partition',
  'pause',
  'crash-before-persist',
  'torn-write',
  'crash-after-persist',
  'crash-mid-send',
  'bit-flip',
  'disk-error',
  'clock-skew',
] as const;
/** A fault of MACHINE_FAULTS, or what a Byzantine member does. */
export type CountedFault = (typeof MACHINE_FAULTS)[number] | Strategy;

/** Rows of the table: every fault that is counted. */
export const COUNTED_FAULTS: readonly CountedFault[] = [...MACHINE_FAULTS, ...STRATEGIES];

const COLUMNS = PROTOCOL_STEPS.length;
const rows = new Map(COUNTED_FAULTS.map((fault, index) => [fault, index * COLUMNS]));
const columns = new Map(PROTOCOL_STEPS.map((step, index) => [step, index]));

const cellOf = (fault: CountedFault, step: ProtocolStep): number => (rows.get(fault) ?? 0) + (columns.get(step) ?? 0);

/** How often each fault hit each step of the protocol. */
export class FaultCoverage {
  private readonly cells: Float64Array;

  /** `counts`: what `counts` gave earlier. */
  constructor(counts?: readonly number[]) {
    this.cells = new Float64Array(COUNTED_FAULTS.length * COLUMNS);
    if (counts !== undefined) this.cells.set(counts);
  }

  /** Counts one hit; nothing for a step that is not known. */
  hit(fault: CountedFault, step: ProtocolStep | undefined): void {
    if (step === undefined) return;
    const cell = cellOf(fault, step);
    this.cells[cell] = (this.cells[cell] ?? 0) + 1;
  }

  /** Hits of a fault at a step. */
  hits(fault: CountedFault, step: ProtocolStep): number {
    return this.cells[cellOf(fault, step)] ?? 0;
  }

  /** Adds what another run counted. */
  add({ cells }: FaultCoverage): void {
    cells.forEach((count, cell) => (this.cells[cell] = (this.cells[cell] ?? 0) + count));
  }

  /** All cells, row by row: for another process. */
  get counts(): number[] {
    return [...this.cells];
  }

  /** Cells that are possible with an engine and that no fault hit, as "fault x step". */
  missing(engine: EngineName): string[] {
    return this.cellsWhere((fault, step) => possible(fault, step, engine) && this.hits(fault, step) === 0);
  }

  /** Cells that were hit although they are said to be impossible with the engine. */
  surprising(engine: EngineName): string[] {
    return this.cellsWhere((fault, step) => !possible(fault, step, engine) && this.hits(fault, step) > 0);
  }

  private cellsWhere(matches: (fault: CountedFault, step: ProtocolStep) => boolean): string[] {
    return COUNTED_FAULTS.flatMap((fault) =>
      PROTOCOL_STEPS.filter((step) => matches(fault, step)).map((step) => `${fault} x ${step}`),
    );
  }
}

const possible = (fault: CountedFault, step: ProtocolStep, engine: EngineName): boolean =>
  whyImpossible(fault, step, engine) === undefined;

const ON_THE_WIRE = 'nothing is sent: executing a decision is a member’s own act';

const DISK_FAULTS: readonly CountedFault[] = [
  'crash-before-persist',
  'torn-write',
  'crash-after-persist',
  'bit-flip',
  'disk-error',
];

/** Steps at which nothing is written. What catching up brings is written as a decision. */
const UNWRITTEN: readonly ProtocolStep[] = ['sync', 'status', 'catch-up', 'relay'];

/** Steps at which something is sent. */
const EVERY_MESSAGE: readonly ProtocolStep[] = PROTOCOL_STEPS.filter(
  (step) => step !== 'decision' && step !== 'restart',
);

/** What each strategy tampers with. Every one of them may do so to a member that has just restarted. */
const ATTACKED: {
  readonly [E in EngineName]: Readonly<Record<(typeof STRATEGIES_OF)[E][number], readonly ProtocolStep[]>>;
} = {
  pbft: {
    'equivocating-leader': ['pre-prepare', 'commit', 'catch-up'],
    silent: EVERY_MESSAGE,
    'double-voter': ['prepare', 'commit'],
    noise: EVERY_MESSAGE,
    'new-view-liar': ['view-change', 'new-view'],
    'withholding-leader': ['pre-prepare', 'new-view', 'catch-up', 'relay'],
    'view-rusher': ['view-change'],
    'false-status': ['status', 'catch-up'],
    censor: ['pre-prepare', 'catch-up', 'relay'],
    'slow-leader': ['pre-prepare', 'new-view'],
    'bad-supplier': ['status', 'catch-up', 'epoch-change'],
    hoarder: ['pre-prepare', 'commit', 'catch-up'],
    selective: EVERY_MESSAGE,
    'lonely-new-view': ['view-change', 'new-view'],
  },
  hotstuff: {
    'equivocating-leader': ['propose'],
    silent: EVERY_MESSAGE,
    'double-voter': ['vote'],
    noise: EVERY_MESSAGE,
    'withholding-leader': ['propose', 'catch-up', 'relay'],
    'force-locker': ['propose'],
    'stale-leader': ['propose'],
    'double-timeouts': ['timeout'],
    'false-sync': ['sync'],
    'false-status': ['status', 'catch-up'],
    'slow-leader': ['propose'],
    'bad-supplier': ['status', 'catch-up', 'epoch-change'],
    selective: EVERY_MESSAGE,
  },
};

const isStrategy = (fault: CountedFault): fault is Strategy => (STRATEGIES as readonly string[]).includes(fault);

/** What a strategy tampers with in a swarm of an engine; undefined for one that is not for it. */
const attackedBy = (strategy: Strategy, engine: EngineName): readonly ProtocolStep[] | undefined =>
  (ATTACKED[engine] as Partial<Record<Strategy, readonly ProtocolStep[]>>)[strategy];

/** Why a fault can never hit a step with an engine; undefined when it can. */
export function whyImpossible(
  fault: CountedFault,
  step: ProtocolStep,
  engine: EngineName = 'pbft',
): string | undefined {
  if (!(STEPS_OF[engine] as readonly ProtocolStep[]).includes(step)) return 'the engine has no such step';
  if (isStrategy(fault)) {
    const attacked = attackedBy(fault, engine);
    if (attacked === undefined) return 'the strategy is against another engine';
    if (step === 'restart' || attacked.includes(step)) return undefined;
    return step === 'decision' ? ON_THE_WIRE : 'the strategy leaves it as it is';
  }
  if (DISK_FAULTS.includes(fault) && UNWRITTEN.includes(step)) return 'nothing is made durable for it';
  if (step !== 'decision') return undefined;
  switch (fault) {
    case 'torn-write':
      return 'the simulated decision store keeps a decision or does not; torn files of the real one: libs/storage';
    case 'bit-flip':
      return 'bits flip in the simulated vote log only; those of the real decision store: libs/storage';
    case 'crash-before-persist':
    case 'crash-after-persist':
    case 'disk-error':
    case 'clock-skew':
      return undefined;
    default:
      return ON_THE_WIRE;
  }
}

/** Notes what faults hit, as it happens. */
export class FaultWitness {
  readonly coverage = new FaultCoverage();
  /** Members that were restarted and have made nothing durable since. */
  private readonly recovering = new Set<MemberIndex>();

  /** A fault hits a step at some members; it hits the restart of those that have only just restarted, too. */
  hit(fault: CountedFault, step: ProtocolStep | undefined, ...members: readonly MemberIndex[]): void {
    this.coverage.hit(fault, step);
    if (this.recovering.size > 0 && members.some((member) => this.recovering.has(member)))
      this.coverage.hit(fault, 'restart');
  }

  /** A fault hits everything of which something was to be kept. */
  hitAppends(fault: CountedFault, appends: readonly Append[], member: MemberIndex): void {
    for (const step of new Set(appends.map(stepOfAppend))) this.coverage.hit(fault, step);
    if (appends.length > 0 && this.recovering.has(member)) this.coverage.hit(fault, 'restart');
  }

  /** A member was restarted. */
  restarted(member: MemberIndex): void {
    this.recovering.add(member);
  }

  /** A member has made something durable, or is down. */
  settled(member: MemberIndex): void {
    this.recovering.delete(member);
  }
}
