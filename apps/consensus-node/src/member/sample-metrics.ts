import { type ReplicaState } from '@concordat/consensus';
import { type Bus } from '@concordat/nats';
import { type NodeMetrics } from '@concordat/telemetry';
import { type TrafficCounts } from './traffic-counts';

/** Gauges that nobody needs between two scrapes. */
export function sampleMetrics(
  metrics: NodeMetrics,
  sources: {
    readonly traffic: TrafficCounts;
    /** Messages and envelopes that wait for their step. */
    readonly waiting: () => number;
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
    metrics.queueDepth.set('consensus', sources.waiting());
    sources.traffic.publish(metrics);
    const { droppedDisconnected, droppedOverflow } = sources.bus.stats();
    metrics.busDrops.setTotals({ disconnected: droppedDisconnected, overflow: droppedOverflow });
  });
}
