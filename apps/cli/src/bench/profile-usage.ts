import { readdirSync, readFileSync } from 'node:fs';
import { residentMb } from './machine';

/** A member that is measured. */
export interface MeasuredMember {
  readonly url: string;
  readonly pid: number;
}

/** What members have used since they started, summed over them. */
export interface Usage {
  /** Bytes of messages to other members, as they travelled; a broadcast counts once. */
  readonly sentBytes: number;
  /** Bytes of messages of other members. */
  readonly receivedBytes: number;
  readonly sentMessages: number;
  /** Voluntary context switches of all threads: each is a thread that went to sleep and was woken. */
  readonly wakeUps: number;
  /** Resident memory in MB. */
  readonly rssMb: number;
}

/** Sum of all series of a metric in Prometheus text. Throws an Error when there are none. */
export function sumOfSeries(text: string, metric: string): number {
  const lines = text.split('\n').filter((line) => line.startsWith(`${metric}{`) || line.startsWith(`${metric} `));
  if (lines.length === 0) throw new Error(`no metric ${metric}`);
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

/** Voluntary context switches of a process's threads so far; Linux only. */
function wakeUpsOf(pid: number): number {
  let sum = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const status = readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8');
    sum += Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(status)?.[1] ?? 0);
  }
  return sum;
}

/** What the members have used by now. */
export async function usageOf(members: readonly MeasuredMember[]): Promise<Usage> {
  const each = await Promise.all(
    members.map(async ({ url, pid }) => {
      const text = await (await fetch(`${url}/metrics`)).text();
      return {
        sentBytes: sumOfSeries(text, 'consensus_sent_bytes_total'),
        receivedBytes: sumOfSeries(text, 'consensus_received_bytes_total'),
        sentMessages: sumOfSeries(text, 'consensus_messages_sent_total'),
        wakeUps: wakeUpsOf(pid),
        rssMb: residentMb(pid) ?? 0,
      };
    }),
  );
  const sum = (field: keyof Usage): number => each.reduce((total, usage) => total + usage[field], 0);
  return {
    sentBytes: sum('sentBytes'),
    receivedBytes: sum('receivedBytes'),
    sentMessages: sum('sentMessages'),
    wakeUps: sum('wakeUps'),
    rssMb: sum('rssMb'),
  };
}
