import type { Sequence, Signed, View } from '@concordat/protocol';
import { NOTHING_RECOVERED, type DurableRecord, type Recovered } from '../replica';
import { Driver, envelopeOf } from '../testing/driver';

/** Drives a member and collects what a host would have made durable. */
class Durable extends Driver {
  private readonly records: DurableRecord[] = [];
  private readonly decided: Recovered['decided'][number][] = [];

  constructor(self: number) {
    super(self);
    const step = this.replica.step.bind(this.replica);
    this.replica.step = (event) => {
      const effects = step(event);
      for (const effect of effects) {
        if (effect.kind === 'persist') this.records.push(effect.record);
        if (effect.kind === 'commit') this.decided.push(effect.block);
      }
      return effects;
    };
  }

  /** The same member after a crash. */
  restarted({ tornTail = false, decided = true }: { tornTail?: boolean; decided?: boolean } = {}): Driver {
    const of = <K extends DurableRecord['kind']>(kind: K): Extract<DurableRecord, { kind: K }>[] =>
      this.records.filter((record): record is Extract<DurableRecord, { kind: K }> => record.kind === kind);
    const state = of('state').at(-1);
    const recovered: Recovered = {
      ...NOTHING_RECOVERED,
      state: state === undefined ? undefined : { sequence: state.sequence, bytes: state.state },
      stable: of('stable').at(-1)?.certificate,
      votes: this.sealed,
      batches: of('batch'),
      prepared: of('prepared').map((record) => record.certificate),
      newViews: of('newView').map((record) => record.message),
      evidence: of('evidence').map((record) => record.evidence),
      decided: decided ? this.decided.filter((block) => block.certificate.sequence > (state?.sequence ?? 0)) : [],
      tornTail,
    };
    return new Driver(this.self, { recovered });
  }
}

describe('a restarted member', () => {
  it('votes nothing again for the same proposal, and never for another', () => {
    const member = new Durable(1);
    member.prePrepare('A');
    const again = member.restarted();
    expect(again.start().told()).toEqual([]);
    expect(again.prePrepare('A').told()).toEqual([]);
    const other = member.restarted();
    expect(other.prePrepare('B').told()).toEqual([]);
  });

  it('re-sends the vote that it signed first', () => {
    const member = new Durable(1);
    member.prePrepare('A');
    const again = member.restarted();
    const forwarded: Signed[] = [];
    for (const at of [2000, 2100]) {
      const status = again.sealAs(2, {
        kind: 'status',
        view: 0 as View,
        sequence: 0 as Sequence,
        promisedView: 0 as View,
        stableSequence: 0 as Sequence,
        oldestSequence: 1 as Sequence,
        headDigest: again.digest('null'),
        slots: [],
        waiting: [],
        viewChangesHeld: [],
        silent: [],
      });
      for (const effect of again.replica.step({ kind: 'message', at: at as never, message: status as never })) {
        if (effect.kind === 'forward') forwarded.push(effect.message);
      }
    }
    expect(forwarded[0]).toBe(member.sealed[0]);
  });

  it('goes on from its prepared certificate: COMMITs that others repeat decide', () => {
    const member = new Durable(1);
    member.prePrepare('A').prepare(2, 'A');
    const again = member.restarted();
    again.batch('A');
    expect(again.commit(2, 'A').commit(3, 'A').told()).toEqual(['execute 1 A [0]']);
  });

  it('tells in VIEW-CHANGE what it had prepared before the crash', () => {
    const member = new Durable(1);
    member.prePrepare('A').prepare(2, 'A');
    const again = member.restarted();
    again.batch('A');
    expect(again.timer('progress').told()).toEqual(['leave view 0: timeout', 'viewChange 1 {0/1 A}']);
  });

  it('stays out of the view that it had left, and repeats its VIEW-CHANGE', () => {
    const member = new Durable(1);
    member.submit(envelopeOf('A')).timer('progress');
    const again = member.restarted();
    expect(again.start().told()).toEqual([
      'forward viewChange to 0',
      'forward viewChange to 2',
      'forward viewChange to 3',
    ]);
    expect(again.prePrepare('A').told()).toEqual([]);
    expect(again.replica.state()).toMatchObject({ view: 0, promisedView: 1 });
  });

  it('is in the view that it had entered, bound to its entries', () => {
    const member = new Durable(2);
    member.prePrepare('A').prepare(1, 'A').timer('progress');
    const own = member.sealed.at(-1) as Signed;
    const others = [member.viewChange(1, 1), member.viewChange(3, 1)];
    for (const message of others) member.receive(message);
    member.receive(member.newView(1, [own, ...others], ['A']));
    const again = member.restarted();
    expect(again.replica.state()).toMatchObject({ view: 1, promisedView: 1, leader: 1 });
    again.batch('A');
    expect(again.start().told()).toEqual([]);
    expect(again.prepare(3, 'A', { view: 1 }).told()).toEqual(['persist prepared', 'commit 1/1 A']);
    expect(again.prePrepare('B', { view: 0, sequence: 2 }).told()).toEqual(['reject stale_view']);
  });

  it('proposes as leader only above what it had proposed', () => {
    const leader = new Durable(0);
    leader.submit(envelopeOf('A')).drained();
    const again = leader.restarted();
    again.batch('B');
    again.submit(envelopeOf('B')).drained();
    expect(again.told()).toContain('prePrepare 0/2 B');
  });

  it('executes what its decision store holds above the state, and commits it to nobody twice', () => {
    const member = new Durable(1);
    for (let sequence = 1; sequence <= 6; sequence++) {
      member.prePrepare(`X${String(sequence)}`, { sequence });
      for (const sender of [0, 2, 3]) member.commit(sender, `X${String(sequence)}`, { sequence });
    }
    const again = member.restarted();
    expect(again.start().told()).toEqual([]);
    expect(again.replica.state()).toMatchObject({
      executed: 6,
      headDigest: member.replica.state().headDigest,
      totalDecided: 6,
    });
  });

  it('waits for the requests of its undecided slots, so that they bring on a new view', () => {
    const member = new Durable(1);
    member.prePrepare('A').prepare(2, 'A');
    const again = member.restarted();
    expect(again.start().told(['start '])).toContain('start progress 500');
  });

  it('leaves its view when its log was torn: it may have promised more there than it knows', () => {
    const member = new Durable(1);
    member.prePrepare('A');
    const again = member.restarted({ tornTail: true });
    expect(again.start().told()).toEqual(['leave view 0: torn-log', 'viewChange 1 {}']);
    expect(again.prePrepare('B', { sequence: 2 }).told()).toEqual([]);
  });

  it('leaves the view that it had asked for too when its log was torn: it may have entered it, and voted there', () => {
    const member = new Durable(1);
    member.submit(envelopeOf('A')).timer('progress');
    const again = member.restarted({ tornTail: true });
    expect(again.start().told()).toContain('viewChange 2 {}');
    const parts = [0, 2, 3].map((sender) => again.viewChange(sender, 1));
    for (const part of parts) again.receive(part);
    again.receive(again.newView(1, parts, ['A']));
    expect(again.replica.state()).toMatchObject({ view: 0, promisedView: 2 });
  });

  it('keeps its proofs on record, and reports none of them again', () => {
    const member = new Durable(1);
    member.prepare(2, 'A').prepare(2, 'B');
    expect(member.replica.state().proven).toEqual([2]);
    const again = member.restarted();
    expect(again.replica.state().proven).toEqual([2]);
    again.prepare(2, 'A').prepare(2, 'B');
    expect(again.told()).toEqual([]);
    expect(again.replica.base().records.map((record) => record.kind)).toEqual(['state', 'evidence']);
  });

  it('opens a new log segment with its whole state', () => {
    const member = new Durable(1);
    member.submit(envelopeOf('A')).timer('progress');
    const { records, votes } = member.replica.base();
    expect(records.map((record) => record.kind)).toEqual(['state']);
    expect(votes.map((message) => message.kind)).toEqual(['viewChange']);
  });
});
