import { isRejection, type MemberIndex } from '@concordat/protocol';
import type { EventQueue } from './event-queue';
import type { SimulatorEvent } from './events';
import type { Opener, Packet } from './packet';
import type { Random } from './random';
import type { MessageFilter, NetworkOptions, NetworkRule } from './schedule';

/** Counts of what the network did. */
export interface NetworkStats {
  sent: number;
  lost: number;
  repeated: number;
}

/** A broker that nobody may trust: it loses, delays, repeats and reorders, and shows different traffic to different members. */
export class SimulatedNetwork {
  readonly stats: NetworkStats = { sent: 0, lost: 0, repeated: 0 };
  private readonly rules = new Set<NetworkRule>();

  constructor(
    private options: NetworkOptions,
    private readonly random: Random,
    private readonly queue: EventQueue<SimulatorEvent>,
    private readonly opener: Opener,
  ) {}

  /** Puts a rule in force. */
  impose(rule: NetworkRule): void {
    this.rules.add(rule);
  }

  /** Ends a rule. */
  lift(rule: NetworkRule): void {
    this.rules.delete(rule);
  }

  /** No rule, no loss, no repetition, every message in time. What is on its way still arrives. */
  heal(): void {
    this.rules.clear();
    const { latencyMinMs, latencyMaxMs } = this.options;
    this.options = { latencyMinMs, latencyMaxMs, lossRate: 0, repeatRate: 0, slowRate: 0, slowMs: 0 };
  }

  /** Sends a packet on its way. */
  send(from: MemberIndex, to: MemberIndex, packet: Packet): void {
    const { options, random } = this;
    this.stats.sent++;
    const extraMs = this.extraDelay(from, to, packet);
    if (extraMs === 'lost' || random.chance(options.lossRate)) {
      this.stats.lost++;
      return;
    }
    this.deliver(from, to, packet, extraMs);
    if (random.chance(options.repeatRate)) {
      this.stats.repeated++;
      this.deliver(from, to, packet, random.between(0, options.slowMs));
    }
  }

  private deliver(from: MemberIndex, to: MemberIndex, packet: Packet, extraMs: number): void {
    const { options, random } = this;
    const slow = random.chance(options.slowRate) ? random.between(0, options.slowMs) : 0;
    // Quarters of a millisecond: finer than the clock that members see, so that order and time differ.
    const latency = random.between(options.latencyMinMs * 4, options.latencyMaxMs * 4) / 4;
    this.queue.schedule(latency + slow + extraMs, { kind: 'deliver', from, to, packet });
  }

  private extraDelay(from: MemberIndex, to: MemberIndex, packet: Packet): number | 'lost' {
    let delay = 0;
    for (const rule of this.rules) {
      if (!this.matches(rule, from, to, packet)) continue;
      if (rule.delayMs === 'lost') return 'lost';
      delay = Math.max(delay, rule.delayMs);
    }
    return delay;
  }

  private matches(filter: MessageFilter, from: MemberIndex, to: MemberIndex, packet: Packet): boolean {
    if (filter.from?.includes(from) === false || filter.to?.includes(to) === false) return false;
    if (filter.kinds === undefined && filter.view === undefined && filter.sequence === undefined) return true;
    const frame = this.opener.frame(packet);
    if (isRejection(frame)) return false;
    const { kind, view, sequence } = frame.statement;
    return (
      filter.kinds?.includes(kind) !== false &&
      (filter.view === undefined || filter.view === view) &&
      (filter.sequence === undefined || filter.sequence === sequence)
    );
  }
}
