import { type MessageKind, MESSAGE_KINDS, type RejectionCode, REJECTION_CODES } from '@concordat/protocol';
import { type Lane } from '@concordat/replica-host';
import { type NodeMetrics, QUEUE_LANES } from '@concordat/telemetry';

type Totals<K extends string> = Record<K, number>;

const zeros = <K extends string>(names: readonly K[]): Totals<K> =>
  Object.fromEntries(names.map((name) => [name, 0])) as Totals<K>;
const KINDS = Object.keys(MESSAGE_KINDS) as MessageKind[];

/**
 * What happens thousands of times a second, counted in plain numbers; the metrics take the totals over before each scrape,
 * for a labelled counter costs as much as decoding the message that it counts.
 */
export class TrafficCounts {
  readonly received = zeros(KINDS);
  readonly receivedBytes = zeros(KINDS);
  readonly sent = zeros(KINDS);
  readonly sentBytes = zeros(KINDS);
  readonly rejections: Totals<RejectionCode> = zeros(REJECTION_CODES);
  readonly overflows: Totals<Lane> = zeros(QUEUE_LANES);
  /** Messages that the broker would not carry. */
  unsendable = 0;

  /** Hands the totals to the metrics. */
  publish(metrics: NodeMetrics): void {
    metrics.messagesReceived.setTotals(this.received);
    metrics.bytesReceived.setTotals(this.receivedBytes);
    metrics.messagesSent.setTotals(this.sent);
    metrics.bytesSent.setTotals(this.sentBytes);
    metrics.rejections.setTotals(this.rejections);
    metrics.inboxOverflows.setTotals(this.overflows);
  }
}
