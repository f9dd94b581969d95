import { MESSAGE_KINDS, REJECTION_CODES } from '@concordat/protocol';
import { register, Registry } from 'prom-client';
import { createMetrics } from './metrics';

/** Series of one metric as `labels value`, without histogram buckets. */
const series = (body: string, name: string): string[] =>
  body
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .map((line) => line.slice(name.length).trim());

const node = () => createMetrics(new Registry(), { processMetrics: false });
const zeros = (label: string, values: readonly string[]): string[] => values.map((value) => `{${label}="${value}"} 0`);

describe('createMetrics', () => {
  it.each([
    { name: 'byzantine_consensus_rounds', expected: ['0'] },
    { name: 'byzantine_detections', expected: zeros('kind', ['equivocation', 'contradictory-new-view']) },
    { name: 'byzantine_view_changes', expected: ['0'] },
    { name: 'consensus_latency_ms_count', expected: ['0'] },
    { name: 'consensus_rejections_total', expected: zeros('code', REJECTION_CODES) },
    { name: 'consensus_messages_received_total', expected: zeros('kind', Object.keys(MESSAGE_KINDS)) },
    { name: 'consensus_messages_sent_total', expected: zeros('kind', Object.keys(MESSAGE_KINDS)) },
    { name: 'consensus_received_bytes_total', expected: zeros('kind', Object.keys(MESSAGE_KINDS)) },
    { name: 'consensus_sent_bytes_total', expected: zeros('kind', Object.keys(MESSAGE_KINDS)) },
    {
      name: 'consensus_requests_total',
      expected: zeros('outcome', ['decided', 'duplicate', 'expired', 'refused', 'invalid']),
    },
    { name: 'consensus_inbox_overflows_total', expected: zeros('lane', ['consensus', 'client']) },
    { name: 'consensus_pool_requests', expected: ['0'] },
    { name: 'consensus_queue_depth', expected: zeros('lane', ['consensus', 'client']) },
    { name: 'consensus_batch_requests_count', expected: ['0'] },
    { name: 'storage_fsync_duration_ms_count', expected: ['0'] },
    { name: 'consensus_view', expected: ['0'] },
    { name: 'consensus_executed_sequence', expected: ['0'] },
    { name: 'consensus_stable_sequence', expected: ['0'] },
    { name: 'consensus_oldest_sequence', expected: ['0'] },
    { name: 'consensus_epoch', expected: ['0'] },
    { name: 'consensus_epoch_change_ms_count', expected: ['0'] },
    { name: 'consensus_snapshots_installed_total', expected: ['0'] },
    { name: 'consensus_gap_sequences_total', expected: ['0'] },
    { name: 'consensus_snapshot_chunks', expected: ['0'] },
    { name: 'consensus_snapshot_chunks_in_all', expected: ['0'] },
    { name: 'bus_dropped_messages_total', expected: zeros('reason', ['disconnected', 'overflow']) },
  ])('shows $name from the start', async ({ name, expected }) => {
    const { body } = await node().scrape();
    expect(series(body, name)).toEqual(expected);
  });

  it('documents every metric', async () => {
    const described = await node().registry.getMetricsAsJSON();
    expect(described).toHaveLength(26);
    for (const { help } of described) expect(help).toMatch(/^[A-Z].*\.$/);
  });

  it('counts what it is told, where it is told', async () => {
    const metrics = node();
    metrics.consensusRounds.inc(3);
    metrics.rejections.inc('bad_signature');
    metrics.messagesReceived.inc('prePrepare');
    metrics.bytesReceived.inc('prePrepare', 117);
    metrics.queueDepth.set('client', 7);
    const { body, contentType } = await metrics.scrape();
    expect(contentType).toContain('text/plain');
    expect(series(body, 'byzantine_consensus_rounds')).toEqual(['3']);
    expect(series(body, 'consensus_rejections_total').filter((line) => !line.endsWith(' 0'))).toEqual([
      '{code="bad_signature"} 1',
    ]);
    expect(series(body, 'consensus_messages_received_total')).toContain('{kind="prePrepare"} 1');
    expect(series(body, 'consensus_received_bytes_total')).toContain('{kind="prePrepare"} 117');
    expect(series(body, 'consensus_queue_depth')).toEqual(['{lane="consensus"} 0', '{lane="client"} 7']);
  });

  it('sorts latencies from 1 ms to 10 s into buckets', async () => {
    const metrics = node();
    for (const latencyMs of [0.8, 2.1, 9_999, 60_000]) metrics.latencyMs.observe(latencyMs);
    const { body } = await metrics.scrape();
    const bucket = (le: string): string[] =>
      series(body, 'consensus_latency_ms_bucket').filter((line) => line.includes(`"${le}"`));
    expect(['1', '2', '3', '10000', '+Inf'].flatMap(bucket)).toEqual([
      '{le="1"} 1',
      '{le="2"} 1',
      '{le="3"} 2',
      '{le="10000"} 3',
      '{le="+Inf"} 4',
    ]);
  });

  it('takes totals over from the bus, and samples before each scrape', async () => {
    const metrics = node();
    let drops = 5;
    metrics.sampleBeforeScrape(() => metrics.busDrops.setTotals({ disconnected: drops, overflow: 0 }));
    const reading = async () => series((await metrics.scrape()).body, 'bus_dropped_messages_total')[0];
    expect(await reading()).toBe('{reason="disconnected"} 5');
    drops = 9;
    expect(await reading()).toBe('{reason="disconnected"} 9');
  });

  it('keeps nodes of one process apart, and out of the global registry', async () => {
    const [a, b] = [node(), createMetrics(new Registry(), { detectionKinds: ['replay'], processMetrics: false })];
    a.consensusRounds.inc();
    b.detections.inc('replay', 2);
    const [ofA, ofB] = [(await a.scrape()).body, (await b.scrape()).body];
    expect([series(ofA, 'byzantine_consensus_rounds'), series(ofB, 'byzantine_consensus_rounds')]).toEqual([
      ['1'],
      ['0'],
    ]);
    expect(series(ofB, 'byzantine_detections')).toEqual(['{kind="replay"} 2']);
    expect(register.getMetricsAsArray()).toEqual([]);
  });

  it('adds the lag of the event loop, memory and CPU', async () => {
    const { body } = await createMetrics().scrape();
    for (const name of [
      'nodejs_eventloop_lag_p99_seconds',
      'process_resident_memory_bytes',
      'process_cpu_seconds_total',
    ]) {
      expect(series(body, name)).toHaveLength(1);
    }
  });
});
