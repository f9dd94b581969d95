import { ENGINES, type EngineName } from '@concordat/protocol';
import { measureMessages, messageFit, type Fit, type MessageCost } from '@concordat/simulator';
import { setImmediate as turn } from 'node:timers/promises';
import { renderFields, renderTable } from '../table';

const ENGINE_NAMES = Object.keys(ENGINES) as EngineName[];

/** One size of one engine's swarm, per decision. */
interface CostEntry {
  readonly protocol: EngineName;
  readonly members: number;
  readonly messages: number;
  readonly bytes: number;
  /** STATUS, which members send whether or not anything is decided. */
  readonly statuses: number;
  readonly status_bytes: number;
  /** Processor time of all members together, with stub signatures and the simulator around them. */
  readonly cpu_ms: number;
  readonly by_kind: MessageCost['byKind'];
}

/** What `concordat simulate --messages --json` prints. */
export interface MessagesReport {
  readonly decisions: number;
  readonly costs: readonly CostEntry[];
  /** Messages per decision over members: coefficients from the constant upwards. Null with too few sizes for one. */
  readonly fits: Readonly<Record<EngineName, Fit | null>>;
}

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));

/** Measures each engine's swarms of these sizes, one after the other. `onSize` hears of each before it runs. */
export async function measureAll(
  sizes: readonly number[],
  onSize: (engine: EngineName, members: number) => void,
): Promise<MessagesReport> {
  const costs: MessageCost[] = [];
  for (const engine of ENGINE_NAMES) {
    for (const members of sizes) {
      onSize(engine, members);
      // Lets a signal through.
      await turn();
      costs.push(measureMessages(engine, members, cpuMs));
    }
  }
  const fits = ENGINE_NAMES.map((engine) => [engine, fitOf(engine, costs)] as const);
  return {
    decisions: costs[0]?.decisions ?? 0,
    costs: costs.map(entryOf),
    fits: Object.fromEntries(fits) as Record<EngineName, Fit | null>,
  };
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function fitOf(engine: EngineName, costs: readonly MessageCost[]): Fit | null {
  const own = costs.filter((cost) => cost.engine === engine);
  return new Set(own.map(({ members }) => members)).size < 3 ? null : messageFit(engine, own);
}

const entryOf = (cost: MessageCost): CostEntry => ({
  protocol: cost.engine,
  members: cost.members,
  messages: rounded(cost.messages, 2),
  bytes: rounded(cost.bytes, 0),
  statuses: rounded(cost.statuses, 2),
  status_bytes: rounded(cost.statusBytes, 0),
  cpu_ms: rounded(cost.cpuMs, 2),
  by_kind: cost.byKind,
});

/** The report for people. */
export function describeMessages({ decisions, costs, fits }: MessagesReport): string {
  const table = renderTable(
    ['protocol', 'members', 'messages', 'bytes', 'STATUS', 'STATUS bytes', 'CPU ms'],
    costs.map((cost) => [
      cost.protocol,
      cost.members,
      cost.messages,
      cost.bytes,
      cost.statuses,
      cost.status_bytes,
      cost.cpu_ms,
    ]),
  );
  const lines = ENGINE_NAMES.flatMap((engine) => {
    const fit = fits[engine];
    return fit === null ? [] : [[`${engine} messages`, fitText(fit)] as const];
  });
  return `${table}\n${renderFields([['per decision', `the mean of ${decisions}, without faults`], ...lines])}`;
}

function fitText({ coefficients, r2 }: Fit): string {
  const terms = coefficients.map((factor, power) => {
    const name = power === 0 ? '' : power === 1 ? ' n' : ` n^${power}`;
    const sign = power === 0 ? (factor < 0 ? '-' : '') : factor < 0 ? ' - ' : ' + ';
    return `${sign}${Math.abs(factor).toFixed(2)}${name}`;
  });
  return `${terms.join('')}, R^2 = ${r2.toFixed(6)}`;
}
