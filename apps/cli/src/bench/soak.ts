import { renderTable } from '../table';

/** Members' memory after one minute of load. */
export interface SoakMinute {
  readonly minute: number;
  readonly decisions_per_s: number;
  readonly member_rss_mb: Readonly<Record<string, number | null>>;
}

/** What a soak came to. */
export interface SoakReport {
  readonly scenario: string;
  readonly protocol: string;
  readonly minutes: readonly SoakMinute[];
  /** Greatest growth of a member from minute 1 to any minute after SETTLED_MINUTE's, as a fraction; null for a shorter soak. */
  readonly growth: number | null;
  readonly rss_max_mb: number;
  /** True when memory stays within GROWTH_MAX and RSS_MAX_MB. */
  readonly holds: boolean;
}

/** From this minute on memory is compared with minute 1. */
export const SETTLED_MINUTE = 5;
/** Growth that is borne, as a fraction. */
export const GROWTH_MAX = 0.1;
/** Memory of a member under load that is borne, in MB. */
export const RSS_MAX_MB = 250;

/** Judges a soak. */
export function soakReport(scenario: string, protocol: string, minutes: readonly SoakMinute[]): SoakReport {
  const [first] = minutes;
  const growths = minutes
    .filter(({ minute }) => minute >= SETTLED_MINUTE)
    .flatMap(({ member_rss_mb }) =>
      Object.entries(member_rss_mb).map(([node, mb]) => (mb ?? 0) / (first?.member_rss_mb[node] ?? Infinity) - 1),
    );
  const growth = growths.length === 0 ? null : Number(Math.max(...growths).toFixed(3));
  const rssMax = Math.max(
    0,
    ...minutes.flatMap(({ member_rss_mb }) => Object.values(member_rss_mb).map((mb) => mb ?? 0)),
  );
  const holds = (growth ?? 0) <= GROWTH_MAX && rssMax < RSS_MAX_MB;
  return { scenario, protocol, minutes, growth, rss_max_mb: rssMax, holds };
}

/** One minute in a line, while the soak goes on. */
export function describeMinute({ minute, decisions_per_s, member_rss_mb }: SoakMinute): string {
  const members = Object.entries(member_rss_mb).map(([node, mb]) => `${node} ${mb ?? '-'} MB`);
  return `minute ${minute}: ${decisions_per_s} decisions/s, ${members.join(', ')}`;
}

/** The whole soak for people. */
export function describeSoak(report: SoakReport): string {
  const nodes = Object.keys(report.minutes[0]?.member_rss_mb ?? {});
  const table = renderTable(
    ['minute', 'decisions/s', ...nodes.map((node) => `${node} MB`)],
    report.minutes.map(({ minute, decisions_per_s, member_rss_mb }) => [
      minute,
      decisions_per_s,
      ...nodes.map((node) => member_rss_mb[node]),
    ]),
  );
  const growth =
    report.growth === null
      ? `too short to compare minute ${SETTLED_MINUTE} with minute 1`
      : `from minute ${SETTLED_MINUTE} on at most ${(report.growth * 100).toFixed(1)} % above minute 1 (${GROWTH_MAX * 100} % are borne)`;
  return `${table}\n${report.scenario}, ${report.protocol}: ${growth}; greatest RSS ${report.rss_max_mb} MB (below ${RSS_MAX_MB} MB is borne)`;
}
