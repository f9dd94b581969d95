import { portableHash, type MemberIndex, type Sequence, type Signed, type ViewChange } from '@concordat/protocol';
import { Driver, envelopeOf, testCommittee } from '../testing/driver';
import { followsPlan, planNewView, type NewViewPlan } from './view-change-rules';

const ALL = ['start ', 'cancel ', 'broadcast status', 'admit'];

/** A member that waits for one request, so that its timer runs. */
function waiting(self: number): Driver {
  const member = new Driver(self);
  member.submit(envelopeOf('A'));
  member.told();
  return member;
}

describe('leaving a view', () => {
  it('asks for the next view when a known request is not executed in time', () => {
    const member = waiting(1);
    expect(member.timer('progress').told()).toEqual(['leave view 0: timeout', 'viewChange 1 {}']);
  });

  it('tells in VIEW-CHANGE what it has prepared, and only that', () => {
    const member = new Driver(1);
    member.prePrepare('A').prepare(2, 'A').prePrepare('B', { sequence: 2 });
    member.told();
    expect(member.timer('progress').told()).toEqual(['leave view 0: timeout', 'viewChange 1 {0/1 A}']);
  });

  it('votes no more in the view that it left, so that no late COMMIT completes a quorum there', () => {
    const member = new Driver(1);
    member.prePrepare('A').timer('progress');
    member.told();
    expect(member.prepare(2, 'A').prepare(3, 'A').prePrepare('B', { sequence: 2 }).told()).toEqual([]);
  });

  it('still executes there what a quorum of others decides', () => {
    const member = new Driver(1);
    member.prePrepare('A').timer('progress');
    member.told();
    expect(member.commit(0, 'A').commit(2, 'A').commit(3, 'A').told()).toEqual(['execute 1 A [0]']);
  });

  it('joins the smallest of f + 1 higher views at once', () => {
    const member = new Driver(1);
    expect(member.receive(member.viewChange(2, 5)).told()).toEqual([]);
    expect(member.receive(member.viewChange(3, 3)).told()).toEqual(['leave view 0: joined', 'viewChange 3 {}']);
  });

  it('does not join one member alone, however often it asks', () => {
    const member = new Driver(1);
    for (let view = 1; view < 20; view++) member.receive(member.viewChange(2, view));
    expect(member.told()).toEqual([]);
    expect(member.replica.state().promisedView).toBe(0);
  });

  it('starts the NEW-VIEW clock only once a quorum asked, doubles it per failed view, and caps it', () => {
    const member = waiting(1);
    const delays: string[] = [];
    member.timer('progress');
    expect(member.told(ALL).filter((text) => text.startsWith('start new-view'))).toEqual([]);
    for (let view = 1; view <= 5; view++) {
      // View 1 and 5 are its own to lead; the others stay silent.
      for (const sender of [0, 2, 3])
        if (view % 4 !== 1 || sender !== 0) member.receive(member.viewChange(sender, view));
      delays.push(...member.told(ALL).filter((text) => text.startsWith('start new-view')));
      member.timer('new-view');
    }
    expect(delays).toEqual([
      'start new-view 1000',
      'start new-view 2000',
      'start new-view 4000',
      'start new-view 4000',
      'start new-view 4000',
    ]);
  });

  it('is not kept from it by other progress: a leader cannot censor one request for ever', () => {
    const member = new Driver(1);
    member.submit(envelopeOf('censored'));
    expect(member.told(ALL)).toContain('start progress 500');
    for (let sequence = 1; sequence <= 4; sequence++) {
      member.prePrepare(`X${String(sequence)}`, { sequence });
      for (const sender of [0, 2, 3]) member.commit(sender, `X${String(sequence)}`, { sequence });
    }
    expect(member.told(ALL).filter((text) => /(start|cancel) progress/.test(text))).toEqual([]);
    expect(member.timer('progress').told()).toContain('leave view 0: timeout');
  });

  it('restarts its timer for the next request when the oldest is executed', () => {
    const member = new Driver(1);
    member.submit(envelopeOf('A')).submit(envelopeOf('B'));
    member.told(ALL);
    member.prePrepare('A');
    for (const sender of [0, 2, 3]) member.commit(sender, 'A');
    expect(member.told(ALL)).toContain('start progress 500');
    member.prePrepare('B', { sequence: 2 });
    for (const sender of [0, 2, 3]) member.commit(sender, 'B', { sequence: 2 });
    expect(member.told(ALL)).toContain('cancel progress');
  });
});

describe('starting a view', () => {
  it('builds NEW-VIEW as leader from a quorum of VIEW-CHANGEs, its own among them', () => {
    const leader = waiting(1);
    leader.receive(leader.viewChange(2, 1)).receive(leader.viewChange(3, 1));
    expect(leader.told()).toEqual([
      'leave view 0: joined',
      'viewChange 1 {}',
      'newView 1 {}',
      'persist newView',
      'enter view 1',
    ]);
  });

  it('re-proposes what any of them had prepared, fills gaps with the null batch, and persists the view before it votes', () => {
    const leader = new Driver(1);
    leader.prePrepare('B', { sequence: 3 }).prepare(2, 'B', { sequence: 3 });
    leader.told();
    leader.receive(leader.viewChange(2, 1)).receive(leader.viewChange(3, 1));
    expect(leader.told()).toEqual([
      'leave view 0: joined',
      'viewChange 1 {0/3 B}',
      'newView 1 {1 null, 2 null, 3 B}',
      'persist newView',
      'enter view 1',
    ]);
  });

  it('builds it only from VIEW-CHANGEs whose batches it holds, and asks their sender for the others', () => {
    const leader = waiting(1);
    const liar = leader.viewChange(2, 1, [leader.certificate('L')]);
    leader.receive(liar).receive(leader.viewChange(3, 1));
    expect(leader.told()).toEqual(['leave view 0: joined', 'viewChange 1 {}', 'send fetch to 2']);
    leader.receive(leader.viewChange(0, 1));
    expect(leader.told()).toEqual(['newView 1 {}', 'persist newView', 'enter view 1']);
  });

  it('builds it with such a VIEW-CHANGE once the batch has come, durable before NEW-VIEW leaves', () => {
    const leader = waiting(1);
    leader.receive(leader.viewChange(2, 1, [leader.certificate('L')])).receive(leader.viewChange(3, 1));
    leader.told();
    leader.from(2, { kind: 'batch', view: 0 as never, sequence: 0 as never, batch: leader.batch('L') });
    expect(leader.told()).toEqual(['persist batch', 'newView 1 {1 L}', 'persist newView', 'enter view 1']);
  });

  it('enters as backup when NEW-VIEW follows from its parts, and votes for its entries', () => {
    const member = new Driver(2);
    member.prePrepare('A').prepare(1, 'A');
    member.timer('progress');
    member.told();
    const own = member.sealed.at(-1) as Signed<ViewChange>;
    const others = [member.viewChange(1, 1), member.viewChange(3, 1)];
    for (const message of others) member.receive(message);
    expect(member.receive(member.newView(1, [own, ...others], ['A'])).told()).toEqual([
      'persist newView',
      'enter view 1',
      'prepare 1/1 A',
    ]);
  });

  it.each([
    ['omits the prepared digest', []],
    ['forges the null digest over it', ['null']],
    ['puts another digest in its place', ['B']],
    ['appends an entry that nobody prepared', ['A', 'B']],
  ])('accuses a leader whose NEW-VIEW %s, and asks for the next view', (_, entries) => {
    const member = new Driver(2);
    member.prePrepare('A').prepare(1, 'A');
    member.timer('progress');
    member.told();
    const own = member.sealed.at(-1) as Signed<ViewChange>;
    const others = [member.viewChange(1, 1), member.viewChange(3, 1)];
    for (const message of others) member.receive(message);
    member.receive(member.newView(1, [own, ...others], entries));
    expect(member.told()).toEqual([
      'persist evidence',
      'accuse 1',
      'reject contradictory_new_view',
      'leave view 0: contradictory-new-view',
      'viewChange 2 {0/1 A}',
    ]);
  });

  it('fetches the VIEW-CHANGEs that it lacks, and enters when they are here', () => {
    const member = new Driver(2);
    const parts = [0, 1, 3].map((sender) => member.viewChange(sender, 1));
    member.receive(member.newView(1, parts, []));
    expect(member.told()).toEqual(['send fetch to 1']);
    for (const part of parts.slice(0, 2)) member.receive(part);
    member.told();
    expect(member.replica.state().view).toBe(0);
    member.receive(parts[2] as Signed);
    expect(member.told().filter((text) => !text.startsWith('send fetch'))).toContain('enter view 1');
  });

  it('does not vote for an entry before it has the batch', () => {
    const member = new Driver(2);
    const parts = [
      member.viewChange(0, 1, [member.certificate('A')]),
      member.viewChange(1, 1),
      member.viewChange(3, 1),
    ];
    for (const part of parts) member.receive(part);
    member.told();
    member.receive(member.newView(1, parts, ['A']));
    expect(member.told().filter((text) => text.startsWith('prepare'))).toEqual([]);
    member.from(1, { kind: 'batch', view: 0 as never, sequence: 0 as never, batch: member.batch('A') });
    expect(member.told()).toEqual(['persist batch', 'prepare 1/1 A']);
  });

  it('refuses a NEW-VIEW below the view that it asked for', () => {
    const member = waiting(2);
    member.timer('progress').receive(member.viewChange(0, 3)).receive(member.viewChange(3, 3));
    expect(member.replica.state().promisedView).toBe(3);
    const parts = [0, 1, 3].map((sender) => member.viewChange(sender, 1));
    for (const part of parts) member.receive(part);
    member.receive(member.newView(1, parts, []));
    expect(member.replica.state().view).toBe(0);
  });

  it('votes again on what it has executed, and does not execute it again', () => {
    const member = new Driver(2);
    member.prePrepare('A').prepare(1, 'A').commit(0, 'A').commit(1, 'A').commit(3, 'A');
    const others = [member.viewChange(1, 1), member.viewChange(3, 1)];
    for (const message of others) member.receive(message);
    const own = member.sealed.at(-1) as Signed<ViewChange>;
    member.told();
    member.receive(member.newView(1, [own, ...others], ['A'])).prepare(3, 'A', { view: 1 });
    for (const sender of [0, 1, 3]) member.commit(sender, 'A', { view: 1 });
    expect(member.told().filter((text) => text !== 'reject redundant')).toEqual([
      'persist newView',
      'enter view 1',
      'prepare 1/1 A',
      'persist prepared',
      'commit 1/1 A',
    ]);
    expect(member.replica.state().executed).toBe(1);
  });

  it('proposes as the new leader above the entries', () => {
    const leader = new Driver(1);
    leader.prePrepare('A').prepare(2, 'A').submit(envelopeOf('B'));
    leader.receive(leader.viewChange(2, 1)).receive(leader.viewChange(3, 1));
    leader.told();
    leader.batch('B');
    expect(leader.drained().told()).toEqual(['persist batch', 'prePrepare 1/2 B']);
  });

  it('accuses a member of two VIEW-CHANGEs, and a leader of two NEW-VIEWs, for one view', () => {
    const member = new Driver(2);
    member.receive(member.viewChange(3, 1)).receive(member.viewChange(3, 1, [member.certificate('A')]));
    expect(member.told()).toEqual(['persist evidence', 'accuse 3']);
    const parts = [0, 1, 3].map((sender) => member.viewChange(sender, 1));
    member.receive(member.newView(1, parts, [])).receive(member.newView(1, parts, ['A']));
    expect(member.told().filter((text) => text.startsWith('accuse'))).toEqual(['accuse 1']);
  });
});

describe('the plan of a new view', () => {
  const plan0 = (viewChanges: readonly ViewChange[]): NewViewPlan => planNewView(viewChanges, 0 as Sequence);
  const member = new Driver(0, { committee: testCommittee(4) });
  const viewChange = (sender: number, prepared: Parameters<Driver['viewChange']>[2], stable?: number): ViewChange => ({
    ...(member.viewChange(sender, 9, prepared) as Signed<ViewChange>),
    stable:
      stable === undefined
        ? undefined
        : {
            sequence: stable as Sequence,
            content: { stateDigest: member.digest('A'), boundary: 0 as Sequence, nextTableHash: member.digest('A') },
            signatures: [],
          },
  });

  it('takes for each sequence the digest of the highest view, not the first found', () => {
    const plan = plan0([
      viewChange(0, [member.certificate('old', { view: 1 })]),
      viewChange(1, [member.certificate('new', { view: 4 })]),
      viewChange(2, [member.certificate('older', { view: 0 })]),
    ]);
    expect(plan.entries).toEqual([{ sequence: 1, digest: member.digest('new') }]);
  });

  it('starts above the highest stable checkpoint among members that stand at different ones', () => {
    const plan = plan0([
      viewChange(0, [member.certificate('A', { sequence: 2 }), member.certificate('B', { sequence: 6 })]),
      viewChange(1, [], 4),
      viewChange(2, []),
    ]);
    expect(plan.lowest).toBe(4);
    expect(plan.entries.map((entry) => [entry.sequence, entry.digest])).toEqual([
      [5, member.digest('null')],
      [6, member.digest('B')],
    ]);
  });

  it('does not depend on the order of its VIEW-CHANGEs', () => {
    const changes = [
      viewChange(0, [member.certificate('A', { view: 2 })]),
      viewChange(1, [member.certificate('B', { view: 3 })]),
      viewChange(2, [], 4),
    ];
    expect(plan0([...changes].reverse())).toEqual(plan0(changes));
  });

  it('is followed only by exactly its entries', () => {
    const plan = plan0([viewChange(0, [member.certificate('A'), member.certificate('B', { sequence: 2 })])]);
    const entries = plan.entries.map((entry) => ({ ...entry, signature: portableHash(new Uint8Array(0)) }));
    expect(followsPlan(entries, plan)).toBe(true);
    expect(followsPlan(entries.slice(0, 1), plan)).toBe(false);
    expect(followsPlan([...entries].reverse(), plan)).toBe(false);
    expect(followsPlan([], plan)).toBe(false);
  });

  it('knows its own member', () => {
    expect(member.committee.leaderOf(1 as never)).toBe(1 as MemberIndex);
  });
});
