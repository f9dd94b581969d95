import { type ReplicaState } from '@concordat/consensus';
import { type Bus } from '@concordat/nats';
import { type ReplicaHost } from '@concordat/replica-host';
import { type NodeMetrics } from '@concordat/telemetry';
import { type TrafficCounts } from './traffic-counts';

/** Gauges that nobody needs between two scrapes. */
export function sampleMetrics(
  metrics: NodeMetrics,
  sources: {
    readonly traffic: TrafficCounts;
    readonly host: Pick<ReplicaHost, 'waiting'>;
    readonly bus: Pick<Bus, 'stats'>;
    readonly state: () => ReplicaState;
  },
): void {
  metrics.sampleBeforeScrape(() => {
    const { view, executed, stable, poolEnvelopes } = sources.state();
    metrics.view.set(view);
    metrics.executedSequence.set(executed);
    metrics.stableSequence.set(stable);
    metrics.poolRequests.set(poolEnvelopes);
    metrics.queueDepth.set('consensus', sources.host.waiting);
    sources.traffic.publish(metrics);
    const { droppedDisconnected, droppedOverflow } = sources.bus.stats();
    metrics.busDrops.setTotals({ disconnected: droppedDisconnected, overflow: droppedOverflow });
  });
}
