import type { MemberProcess } from './swarm';

/** One series of a member's metrics, as `name` or `name{label="value"}`. Throws when it is not there. */
export async function metric(member: MemberProcess, series: string): Promise<number> {
  const text = await (await fetch(`${member.url}/metrics`, { signal: AbortSignal.timeout(10_000) })).text();
  const line = text.split('\n').find((each) => each.startsWith(`${series} `));
  if (line === undefined) throw new Error(`${member.name} has no metric ${series}`);
  return Number(line.slice(series.length));
}
