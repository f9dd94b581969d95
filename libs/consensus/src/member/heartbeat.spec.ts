import { ZERO_DIGEST, type DraftOf, type Millis, type Sequence, type View } from '@concordat/protocol';
import { Driver, envelopeOf } from '../testing/driver';
import { type Effect } from '../replica';
import { DEFAULT_REPLICA_CONFIG, heartbeatMaxMs, silenceMaxMs, type ReplicaConfig } from '../replica-config';

const EDGE = { statusIntervalMs: 100, idleStatusIntervalMs: 500 };

const status = (executed = 0): DraftOf<'status'> => ({
  kind: 'status',
  view: 0 as View,
  sequence: executed as Sequence,
  promisedView: 0 as View,
  stableSequence: 0 as Sequence,
  oldestSequence: 1 as Sequence,
  headDigest: ZERO_DIGEST,
  slots: [],
  waiting: [],
  viewChangesHeld: [],
  silent: [],
});

/** A member with its status timer run by virtual time. */
class Beating {
  readonly member: Driver;
  /** When the timer runs out. */
  dueAt = Infinity;
  /** Milliseconds after the start at which a STATUS went out. */
  readonly spoke: number[] = [];
  ticks = 0;

  constructor(config: Partial<ReplicaConfig> = EDGE, self = 1) {
    this.member = new Driver(self, { config });
    const { replica } = this.member;
    const step = replica.step.bind(replica);
    replica.step = (event) => {
      const effects = step(event);
      this.hear(effects);
      return effects;
    };
    this.member.start();
  }

  get elapsed(): number {
    return this.member.now - 1000;
  }

  /** Lets time pass until so many milliseconds after the start. */
  until(ms: number): this {
    while (this.dueAt <= 1000 + ms) {
      this.member.now = this.dueAt;
      this.dueAt = Infinity;
      this.ticks += 1;
      this.member.timer('status');
    }
    this.member.now = 1000 + ms;
    return this;
  }

  private hear(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'startTimer' && effect.timer === 'status') this.dueAt = this.member.now + effect.delayMs;
      if (effect.kind === 'broadcast' && effect.draft.kind === 'status') this.spoke.push(this.elapsed);
    }
  }
}

describe('heartbeats', () => {
  it('go out with every tick while no other interval is given', () => {
    const beating = new Beating({ statusIntervalMs: 100 }).until(500);
    expect(beating.spoke).toEqual([0, 100, 200, 300, 400, 500]);
  });

  it('are as rare as is said while nothing is under way, and so are the ticks', () => {
    const beating = new Beating().until(5_000);
    expect(beating.spoke.slice(0, 4)).toEqual([0, 500, 1000, 1500]);
    expect(beating.ticks).toBeLessThanOrEqual(11);
  });

  it('come with every short tick as soon as a request waits', () => {
    const beating = new Beating().until(1_030);
    beating.member.submit(envelopeOf('A'));
    beating.until(1_400);
    expect(beating.spoke.filter((at) => at > 1_000)).toEqual([1_130, 1_230, 1_330]);
  });

  it('come with every short tick once another member is seen to be ahead', () => {
    const beating = new Beating().until(1_030);
    beating.member.from(2, status(3));
    beating.until(1_400);
    expect(beating.spoke.filter((at) => at > 1_000)).toEqual([1_130, 1_230, 1_330]);
  });

  it.each([
    ['an open slot', (member: Driver) => member.prePrepare('A')],
    ['another member that asks for a view', (member: Driver) => member.receive(member.viewChange(2, 1))],
    [
      'a view that this member asked for',
      (member: Driver) => member.receive(member.viewChange(2, 2)).receive(member.viewChange(3, 2)),
    ],
  ])('come with every short tick for %s', (_, happen) => {
    const beating = new Beating().until(1_030);
    happen(beating.member);
    beating.until(1_300);
    expect(beating.spoke.filter((at) => at > 1_000)).toEqual([1_130, 1_230]);
  });

  it('are left out while the member moves on, but never for longer than the idle interval', () => {
    const beating = new Beating();
    for (let sequence = 1; sequence <= 8; sequence++) {
      const name = `batch ${String(sequence)}`;
      const at = { sequence };
      beating.member.prePrepare(name, at).prepare(2, name, at).prepare(3, name, at);
      beating.member.commit(0, name, at).commit(2, name, at);
      expect(beating.member.replica.state().executed).toBe(sequence);
      // The next one is open: there is always something under way.
      if (sequence < 8) beating.member.prePrepare(`batch ${String(sequence + 1)}`, { sequence: sequence + 1 });
      beating.until(100 * sequence);
    }
    expect(beating.ticks).toBe(8);
    expect(beating.spoke).toEqual([0, 500]);
  });

  it('are rare again once what waited is done', () => {
    const beating = new Beating();
    beating.member.prePrepare('A').prepare(2, 'A').prepare(3, 'A');
    beating.until(300);
    beating.member.commit(0, 'A').commit(2, 'A');
    beating.until(2_400);
    expect(beating.spoke.filter((at) => at <= 300)).toEqual([0, 200, 300]);
    const later = beating.spoke.filter((at) => at > 300);
    expect(later.length).toBeLessThanOrEqual(5);
  });

  it('go on when the clock is set back', () => {
    const beating = new Beating().until(1_000);
    const { spoke, member } = beating;
    const before = spoke.length;
    member.replica.step({ kind: 'timer', at: 5 as Millis, timer: 'status' });
    expect(spoke.length).toBe(before + 1);
  });

  it('set what counts as silence', () => {
    expect(heartbeatMaxMs(EDGE)).toBe(500);
    expect([silenceMaxMs(EDGE), silenceMaxMs({ statusIntervalMs: 100 })]).toEqual([5_000, 1_000]);
    expect(heartbeatMaxMs({ statusIntervalMs: 100, idleStatusIntervalMs: 50 })).toBe(100);
  });

  it('that come every idle interval keep a member in touch: it gives up a leader that does nothing', () => {
    const config = { ...EDGE, phaseTimeoutMs: 2_000 };
    const { member } = new Beating(config).until(0);
    member.submit(envelopeOf('A'));
    for (const at of [500, 1_000, 1_500]) {
      member.now = 1000 + at;
      member.from(2, status()).from(3, status());
    }
    member.now = 3_001;
    member.told();
    member.timer('progress');
    expect(member.replica.state().promisedView).toBe(1);
    const alone = new Beating(config).member;
    alone.submit(envelopeOf('A'));
    alone.now = 3_001;
    alone.timer('progress');
    expect(alone.replica.state().promisedView).toBe(0);
  });

  it('are as they were by default', () => {
    expect(DEFAULT_REPLICA_CONFIG.idleStatusIntervalMs).toBeUndefined();
  });
});
