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
    const { view, epoch, executed, stable, oldest, poolEnvelopes, snapshot } = sources.state();
    metrics.view.set(view);
    metrics.executedSequence.set(executed);
    metrics.stableSequence.set(stable);
    metrics.oldestSequence.set(oldest);
    metrics.epoch.set(epoch);
    metrics.snapshotChunks.set(snapshot?.chunks ?? 0);
    metrics.snapshotChunksInAll.set(snapshot?.chunksInAll ?? 0);
    metrics.poolRequests.set(poolEnvelopes);
    metrics.queueDepth.set('consensus', sources.waiting());
    sources.traffic.publish(metrics);
    const { droppedDisconnected, droppedOverflow } = sources.bus.stats();
    metrics.busDrops.setTotals({ disconnected: droppedDisconnected, overflow: droppedOverflow });
  });
}
