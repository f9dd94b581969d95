import { nativeHash } from '@concordat/crypto';
import { Committee, type EngineName, createEpochTable, memberIndex, nodeId, sequence, view } from '@concordat/protocol';
import { createMetrics } from '@concordat/telemetry';
import { blockOf } from '../testing/blocks';
import { FailedViews } from './failed-views';
import { type ObserverOptions, observeHost } from './member-observer';

function observing(engine: EngineName) {
  const keys = [1, 2, 3, 4].map((byte) => new Uint8Array(32).fill(byte));
  const members = keys.map((publicKey, index) => ({ nodeId: nodeId(`n${index}`), publicKey }));
  const committee = new Committee(createEpochTable({ members, engine }), nativeHash);
  const lines: string[] = [];
  const events: string[] = [];
  const clock = { ms: 0 };
  const write =
    (level: string) =>
    (fields: Readonly<Record<string, unknown>>, message: string): number =>
      lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
  const failedViews = new FailedViews(sequence(0));
  const metrics = createMetrics(undefined, { processMetrics: false });
  const options = {
    nodeId: 'n1',
    swarm: 's',
    committee,
    metrics,
    failedViews,
    monotonicMs: () => clock.ms,
    proposals: { onCommitted: () => undefined },
    totals: { onCommitted: () => undefined },
    gateway: () => ({ onCommitted: () => undefined }),
    publish: (subject: string, bytes: Uint8Array) => events.push(`${subject} ${Buffer.from(bytes).toString()}`),
    logger: { info: write('info'), warn: write('warn'), error: write('error') },
  } as unknown as ObserverOptions;
  return { observer: observeHost(options), lines, events, clock, failedViews, metrics };
}

describe('what a member tells of its views', () => {
  it('is every one that is left and entered, with PBFT', () => {
    const { observer, lines, events } = observing('pbft');
    for (const at of [1, 2]) {
      observer.viewLeft?.(view(at - 1), 'timeout');
      observer.viewEntered?.(view(at), memberIndex(at));
    }
    expect(lines).toEqual([
      'warn left view {"view":0,"leader":"n0","reason":"timeout"}',
      'info entered view {"view":1,"leader":"n1"}',
      'warn left view {"view":1,"leader":"n1","reason":"timeout"}',
      'info entered view {"view":2,"leader":"n2"}',
    ]);
    expect(events).toEqual([
      'bft.s.event.view {"node_id":"n1","view":1,"leader_node":"n1"}',
      'bft.s.event.view {"node_id":"n1","view":2,"leader_node":"n2"}',
    ]);
  });

  it('with HotStuff is an event and a count for each that failed, and a line in ten seconds, for a member that is down costs some again and again', async () => {
    const { observer, lines, events, clock, failedViews, metrics } = observing('hotstuff');
    for (const [ms, failed] of [
      [0, 6],
      [250, 7],
      [9_000, 14],
      [10_500, 15],
    ] as const) {
      clock.ms = ms;
      observer.viewLeft?.(view(failed), 'timeout');
      observer.viewEntered?.(view(failed + 1), memberIndex(Math.floor((failed + 1) / 2) % 4));
    }
    expect(lines).toEqual([
      'warn left view {"view":6,"leader":"n3","reason":"timeout"}',
      'info entered view {"view":7,"leader":"n3"}',
      'warn left view {"view":15,"leader":"n3","reason":"timeout","unwritten":2}',
      'info entered view {"view":16,"leader":"n0","unwritten":2}',
    ]);
    expect(events).toHaveLength(4);
    expect((await metrics.scrape()).body).toMatch(/^byzantine_view_changes 4$/m);
    expect(failedViews).toMatchObject({ total: 4, sinceDecision: 4 });
  });

  it('and a decision ends the count of those that failed in vain', () => {
    const { observer, failedViews } = observing('hotstuff');
    observer.viewEntered?.(view(3), memberIndex(1));
    observer.committed?.(blockOf(1, view(4)), []);
    expect(failedViews).toMatchObject({ total: 3, sinceDecision: 0 });
  });
});
