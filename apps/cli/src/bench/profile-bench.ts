import { setTimeout as pause } from 'node:timers/promises';
import { renderTable } from '../table';
import { runClosedLoop, type LoadClient } from './closed-loop';
import { usageOf, type MeasuredMember, type Usage } from './profile-usage';
import { median } from './report';

/** One run of one profile. All but latency, memory and decisions are means over the members. */
export interface ProfileRun {
  readonly profile: string;
  readonly protocol: string;
  readonly decided: number;
  readonly p50_ms: number;
  readonly rss_mb: number;
  readonly idle_sent_bytes_per_s: number;
  readonly idle_received_bytes_per_s: number;
  readonly idle_wake_ups_per_s: number;
  readonly sent_bytes_per_decision: number;
  readonly received_bytes_per_decision: number;
  readonly sent_messages_per_decision: number;
  readonly wake_ups_per_decision: number;
}

/** Lengths of the parts of a run, in milliseconds. */
export interface ProfilePlan {
  readonly warmUpMs: number;
  readonly idleMs: number;
  readonly loadMs: number;
}

const WORDS = ['pressure', 'temperature', 'humidity', 'voltage', 'altitude', 'heading', 'latitude', 'longitude'];

/** A value as small devices report it, about 200 bytes of JSON: names that repeat and numbers that do not. */
export function readings(n: number): Readonly<Record<string, unknown>> {
  // Multiplication by an odd constant: other digits for each `n` and place, the same in each run.
  const digits = (place: number): number => (Math.imul(n * 8 + place + 1, 0x9e3779b1) >>> 0) / 1000;
  return { device: `unit-${n % 16}`, n, readings: Object.fromEntries(WORDS.map((word, i) => [word, digits(i)])) };
}

/** Proposes at one member after the other, over HTTP, and waits for each decision. */
function proposer(members: readonly MeasuredMember[]): LoadClient {
  let n = 0;
  return {
    async send() {
      const { url } = members[n % members.length] as MeasuredMember;
      const response = await fetch(`${url}/api/v1/propose?wait=true`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ value: readings(n++) }),
      });
      const { status } = (await response.json()) as { readonly status?: unknown };
      if (status !== 'decided') throw new Error(`answered with status ${String(status)}`);
      return 1;
    },
  };
}

/** Measures one swarm that runs: idle first, then one request in flight after the other. */
export async function runProfile(
  { profile, protocol }: Pick<ProfileRun, 'profile' | 'protocol'>,
  members: readonly MeasuredMember[],
  { warmUpMs, idleMs, loadMs }: ProfilePlan,
): Promise<ProfileRun> {
  const clock = { nowMs: () => performance.now(), pause };
  const client = proposer(members);
  await runClosedLoop([client], warmUpMs, clock);
  const start = await usageOf(members);
  await pause(idleMs);
  const idle = await usageOf(members);
  const { decided, p50Ms } = await runClosedLoop([client], loadMs, clock);
  const end = await usageOf(members);
  const per = (from: Usage, to: Usage, field: keyof Usage, units: number): number =>
    Number(((to[field] - from[field]) / members.length / units).toFixed(1));
  const seconds = idleMs / 1_000;
  return {
    profile,
    protocol,
    decided,
    p50_ms: Number(p50Ms.toFixed(2)),
    rss_mb: Number((end.rssMb / members.length).toFixed(1)),
    idle_sent_bytes_per_s: per(start, idle, 'sentBytes', seconds),
    idle_received_bytes_per_s: per(start, idle, 'receivedBytes', seconds),
    idle_wake_ups_per_s: per(start, idle, 'wakeUps', seconds),
    sent_bytes_per_decision: per(idle, end, 'sentBytes', decided),
    received_bytes_per_decision: per(idle, end, 'receivedBytes', decided),
    sent_messages_per_decision: per(idle, end, 'sentMessages', decided),
    wake_ups_per_decision: per(idle, end, 'wakeUps', decided),
  };
}

const MEASURES = [
  'idle_sent_bytes_per_s',
  'idle_received_bytes_per_s',
  'idle_wake_ups_per_s',
  'sent_bytes_per_decision',
  'received_bytes_per_decision',
  'sent_messages_per_decision',
  'wake_ups_per_decision',
  'p50_ms',
  'rss_mb',
] as const satisfies readonly (keyof ProfileRun)[];

/** Medians over the runs of two profiles, and the second's as a part of the first's. */
export function describeProfiles(runs: readonly ProfileRun[], first: string, second: string): string {
  const of = (profile: string, measure: (typeof MEASURES)[number]): number =>
    median(runs.filter((run) => run.profile === profile).map((run) => run[measure]));
  const rows = MEASURES.map((measure) => {
    const [a, b] = [of(first, measure), of(second, measure)];
    return [measure.replaceAll('_', ' '), a, b, a === 0 ? '-' : (b / a).toFixed(2)];
  });
  const count = runs.filter(({ profile }) => profile === first).length;
  const protocols = [...new Set(runs.map(({ protocol }) => protocol))].join(', ');
  return `${renderTable(['per member', first, second, 'ratio'], rows)}\n${protocols}; medians of ${count} runs in turn`;
}
