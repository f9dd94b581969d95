import { isRejection, type MemberIndex } from '@concordat/protocol';
import type { EventQueue } from './event-queue';
import type { SimulatorEvent } from './events';
import type { CountedFault, FaultWitness } from './fault-coverage';
import type { Opener, Packet } from './packet';
import { stepOfPacket } from './protocol-steps';
import type { Random } from './random';
import type { MessageFilter, NetworkOptions, NetworkRule } from './schedule';

interface Held {
  readonly from: MemberIndex;
  readonly to: MemberIndex;
  readonly packet: Packet;
}

/** Packets that a clogged link keeps. */
const HELD_MAX = 512;
const LINKS_PER_MEMBER = 1024;

const faultOf = (delayMs: NetworkRule['delayMs']): CountedFault =>
  delayMs === 'lost' ? 'loss' : delayMs === 'held' ? 'clog' : 'delay';

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
  /** What a rule holds back until it ends. */
  private readonly held = new Map<NetworkRule, Held[]>();
  /** Packets on each link so far, and the number of the latest that arrived. */
  private readonly links = new Map<number, { sent: number; arrived: number }>();

  constructor(
    private options: NetworkOptions,
    private readonly random: Random,
    private readonly queue: EventQueue<SimulatorEvent>,
    private readonly opener: Opener,
    private readonly witness: FaultWitness,
  ) {}

  /** Puts a rule in force. */
  impose(rule: NetworkRule): void {
    this.rules.add(rule);
  }

  /** Ends a rule: what it held arrives now. */
  lift(rule: NetworkRule): void {
    this.rules.delete(rule);
    const held = this.held.get(rule) ?? [];
    this.held.delete(rule);
    for (const { from, to, packet } of held) this.deliver(from, to, packet, 0);
  }

  /** No rule, no loss, no repetition, every message in time. What is on its way still arrives. */
  heal(): void {
    for (const rule of [...this.rules]) this.lift(rule);
    const { latencyMinMs, latencyMaxMs } = this.options;
    this.options = { latencyMinMs, latencyMaxMs, lossRate: 0, repeatRate: 0, slowRate: 0, slowMs: 0 };
  }

  /** Sends a packet on its way. */
  send(from: MemberIndex, to: MemberIndex, packet: Packet): void {
    const { options, random } = this;
    this.stats.sent++;
    const fate = this.rules.size === 0 ? 0 : this.fateOf(from, to, packet);
    if (fate === 'gone') return;
    if (random.chance(options.lossRate)) {
      this.stats.lost++;
      this.note('loss', from, to, packet);
      return;
    }
    this.deliver(from, to, packet, fate);
    if (random.chance(options.repeatRate)) {
      this.stats.repeated++;
      this.note('repeat', from, to, packet);
      this.deliver(from, to, packet, random.between(0, options.slowMs));
    }
  }

  /** A packet arrives: notes whether a later one of its link was faster. */
  arrived({ from, to, packet, number }: Extract<SimulatorEvent, { kind: 'deliver' }>): void {
    const link = this.linkOf(from, to);
    if (number < link.arrived) this.note('reorder', from, to, packet);
    else link.arrived = number;
  }

  private deliver(from: MemberIndex, to: MemberIndex, packet: Packet, extraMs: number): void {
    const { options, random } = this;
    const slow = random.chance(options.slowRate) ? random.between(0, options.slowMs) : 0;
    if (slow > 0) this.note('delay', from, to, packet);
    // Quarters of a millisecond: finer than the clock that members see, so that order and time differ.
    const latency = random.between(options.latencyMinMs * 4, options.latencyMaxMs * 4) / 4;
    const number = ++this.linkOf(from, to).sent;
    this.queue.schedule(latency + slow + extraMs, { kind: 'deliver', from, to, packet, number });
  }

  /** What the rules do to a packet: take it away, for good or for a while, or delay it by so many milliseconds. */
  private fateOf(from: MemberIndex, to: MemberIndex, packet: Packet): number | 'gone' {
    let delay = 0;
    for (const rule of this.rules) {
      if (!this.matches(rule, from, to, packet)) continue;
      const { delayMs } = rule;
      this.note(rule.cause ?? faultOf(delayMs), from, to, packet);
      if (delayMs === 'lost') {
        this.stats.lost++;
        return 'gone';
      }
      if (delayMs === 'held') {
        this.hold(rule, { from, to, packet });
        return 'gone';
      }
      delay = Math.max(delay, delayMs);
    }
    return delay;
  }

  private hold(rule: NetworkRule, packet: Held): void {
    const held = this.held.get(rule);
    if (held === undefined) this.held.set(rule, [packet]);
    // A broker drops what a slow receiver leaves lying.
    else if (held.length < HELD_MAX) held.push(packet);
    else this.stats.lost++;
  }

  private note(fault: CountedFault, from: MemberIndex, to: MemberIndex, packet: Packet): void {
    this.opener.frame(packet);
    this.witness.hit(fault, stepOfPacket(packet), from, to);
  }

  private linkOf(from: MemberIndex, to: MemberIndex): { sent: number; arrived: number } {
    const key = from * LINKS_PER_MEMBER + to;
    let link = this.links.get(key);
    if (link === undefined) {
      link = { sent: 0, arrived: 0 };
      this.links.set(key, link);
    }
    return link;
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
