import type { NodeId, Sequence, View } from '@concordat/protocol';
import { NOTHING_RECOVERED, type DurableRecord, type Recovered } from '../replica';
import { envelopeOf } from '../testing/driver';
import { LinearDriver, type TestBlock } from '../testing/linear-driver';

// Leaders with two views each: 0 leads view 1, 1 leads 2 and 3, 2 leads 4 and 5, 3 leads 6 and 7, 0 leads 8 and 9.

interface Row {
  readonly name: string;
  readonly self?: number;
  readonly run: (member: LinearDriver) => void;
  readonly effects: readonly string[];
}

const rows: Row[] = [
  {
    name: 'votes for a block, which is durable first, to the leader of the next view',
    run: (m) => m.propose(m.block('A', 1)),
    effects: ['persist proposal', 'vote 1/1 A to 1'],
  },
  {
    name: 'votes once for a block that comes twice',
    run: (m) => m.propose(m.block('A', 1), m.block('A', 1)),
    effects: ['persist proposal', 'vote 1/1 A to 1'],
  },
  {
    name: 'gives a rival in the same view no vote, and its leader away',
    run: (m) => m.propose(m.block('A', 1), m.block('B', 1)),
    effects: ['persist proposal', 'vote 1/1 A to 1', 'persist evidence', 'accuse 0'],
  },
  {
    name: 'gives a leader away for a second block of its view after the first was decided',
    run: (m) => {
      m.propose(...m.row(1, 2, 3, 4));
      m.told();
      const rival = m.proposal(m.block('rival', 1), m.root);
      expect(m.replica.admit(rival)).toBeUndefined();
      m.receive(rival);
    },
    effects: ['persist evidence', 'accuse 0', 'reject redundant'],
  },
  {
    name: 'locks the lower of two certified blocks in a row, durably, before the vote that shows it',
    run: (m) => m.propose(...m.row(1, 2, 3)),
    effects: [
      'persist proposal',
      'vote 1/1 A to 1',
      'persist proposal',
      'vote 2/2 B to 1',
      'persist proposal',
      'persist lock',
      'vote 3/3 C to 2',
    ],
  },
  {
    name: 'decides the first of three certified blocks in consecutive views',
    run: (m) => {
      m.propose(...m.row(1, 2, 3));
      m.told();
      m.propose(m.block('D', 4, m.row(1, 2, 3)[2]));
    },
    effects: ['persist proposal', 'persist lock', 'vote 4/4 D to 2', 'execute 1 A [0]'],
  },
  {
    name: 'decides nothing by three blocks with a view between them, and all of it by the next three',
    run: (m) => {
      m.propose(...m.row(1, 2, 4, 5));
      m.told();
      const row = m.row(1, 2, 4, 5, 6);
      m.propose(row[4]!);
      expect(m.replica.state().executed).toBe(0);
      m.propose(m.block('null', 7, row[4]));
      expect(m.replica.state().executed).toBe(3);
      m.told();
    },
    effects: [],
  },
  {
    name: 'gives no vote to a block that stands on an older certificate than its lock',
    run: (m) => {
      const [a, b, c] = m.row(1, 2, 3);
      m.propose(a!, b!, c!);
      m.told();
      m.receive(m.proposal(m.block('X', 5), m.root, 2));
    },
    effects: ['enter view 5', 'reject conflicting_proposal'],
  },
  {
    name: 'votes off its lock for a block with a newer certificate',
    run: (m) => {
      const [a, b, c] = m.row(1, 2, 3);
      m.propose(a!, b!, c!);
      const x = m.block('X', 4, a);
      m.receive(m.proposal(x, a!, 2));
      m.told();
      m.receive(m.proposal(m.block('Y', 5, x), x, 2));
    },
    effects: ['persist proposal', 'vote 5/3 Y to 3'],
  },
  {
    name: 'votes for no block with a batch above its window',
    run: (m) => {
      const row = m.row(1, 2, 3, 4, 5, 6, 7, 8);
      m.propose(...row);
      m.told();
      m.propose(m.block('too high', 9, row[7]));
    },
    effects: ['reject outside_window', 'execute 6 F [0]'],
  },
  {
    name: 'votes for one without a batch there, which only carries certificates',
    run: (m) => {
      const row = m.row(1, 2, 3, 4, 5, 6, 7, 8);
      m.propose(...row);
      m.told();
      m.propose(m.block('null', 9, row[7]));
    },
    effects: ['persist proposal', 'persist lock', 'vote 9/9 null to 1', 'execute 6 F [0]'],
  },
  {
    name: 'votes for no block whose time is far from its clock',
    run: (m) => {
      m.now = 100_000;
      m.propose(m.block('A', 1));
    },
    effects: ['reject time_out_of_bounds'],
  },
  {
    name: 'asks for the block below one that it cannot place, and votes when it comes',
    run: (m) => {
      const [a, b] = m.row(1, 2);
      m.receive(m.proposal(b!, a!));
      expect(m.told()).toEqual(['send fetch to 1']);
      m.propose(a!);
    },
    effects: ['persist proposal', 'vote 2/2 B to 1'],
  },
  {
    name: 'forwards a block that another one asks for, as its leader sealed it',
    run: (m) => {
      const a = m.block('A', 1);
      m.propose(a);
      m.told();
      m.from(2, {
        kind: 'fetch',
        view: 0 as View,
        sequence: 0 as Sequence,
        origin: 'node-2' as NodeId,
        batches: [a.digest],
        viewChanges: [],
        envelopes: [],
        decided: undefined,
        snapshot: undefined,
      });
    },
    effects: ['forward proposal to 2'],
  },
  {
    name: 'votes no more in a view that it gave up',
    run: (m) => {
      m.submit(envelopeOf('waits'));
      for (const peer of [0, 1, 2]) m.status(peer);
      m.timer('progress');
      expect(m.told()).toEqual(['leave view 1: timeout', expect.stringMatching(/^timeout 1\/0/)]);
      m.propose(m.block('A', 1));
    },
    effects: [],
  },
  {
    name: 'gives a view up with f + 1 others, though its own time is not over',
    run: (m) => m.timeoutOf(0, 1).timeoutOf(1, 1),
    effects: ['leave view 1: joined', expect.stringMatching(/^timeout 1\/0/) as string, 'enter view 2'],
  },
  {
    name: 'does not give a view up with f others',
    run: (m) => m.timeoutOf(0, 1),
    effects: [],
  },
  {
    name: 'accuses who gives one view up twice with different certificates',
    run: (m) => {
      const a = m.block('A', 1);
      m.propose(a, m.block('B', 2, a));
      m.told();
      m.timeoutOf(0, 2, a);
      m.timeoutOf(0, 2, m.root);
    },
    effects: ['persist evidence', 'accuse 0'],
  },
  {
    name: 'goes on to the view of a proposal that proves it',
    run: (m) => m.receive(m.proposal(m.block('A', 4), m.root)),
    effects: ['enter view 4', 'persist proposal', 'vote 4/1 A to 2'],
  },
  {
    name: 'as the next leader, proposes on the block for which a quorum voted, itself included',
    self: 1,
    run: (m) => {
      m.propose(m.block('A', 1));
      expect(m.told()).toEqual(['persist proposal', 'vote 1/1 A to 1']);
      m.voteOf(2, m.block('A', 1)).drained();
      expect(m.told()).toEqual([]);
      m.voteOf(3, m.block('A', 1)).drained();
    },
    effects: [
      expect.stringMatching(/^proposal 2\/2/) as string,
      expect.stringMatching(/^vote 2\/2 \w+ to 1$/) as string,
    ],
  },
  {
    name: 'counts a repeated vote once, and the second of a liar for nothing',
    self: 1,
    run: (m) => {
      const [a, b] = [m.block('A', 1), m.block('B', 1)];
      m.propose(a);
      m.told();
      m.voteOf(2, a).voteOf(2, a).voteOf(2, b).drained();
    },
    effects: ['reject redundant', 'persist evidence', 'accuse 2'],
  },
  {
    name: 'takes no vote on its way to another leader',
    self: 2,
    run: (m) => m.voteOf(0, m.block('A', 1)),
    effects: ['reject not_the_leader'],
  },
  {
    name: 'as the leader of view 1, proposes what waits, once',
    self: 0,
    run: (m) => {
      m.submit(envelopeOf('one')).drained();
      m.submit(envelopeOf('two')).drained();
    },
    effects: [
      expect.stringMatching(/^proposal 1\/1/) as string,
      expect.stringMatching(/^vote 1\/1 \w+ to 1$/) as string,
    ],
  },
  {
    name: 'as a leader, is silent while nothing waits and everybody knows what was decided',
    self: 1,
    run: (m) => {
      const nothing = m.block('null', 1);
      m.propose(nothing);
      m.told();
      m.voteOf(2, nothing).voteOf(3, nothing).drained();
    },
    effects: [],
  },
  {
    name: 'follows a decision that others bring, and votes on top of it',
    run: (m) => {
      const [a, b, c, d] = m.row(1, 2, 3, 4);
      m.decided(0, a!, b!, c!);
      expect(m.told()).toEqual(['execute 1 A [0]']);
      m.propose(b!, c!, d!);
      expect(m.told()).toContain('vote 4/4 D to 2');
    },
    effects: [],
  },
  {
    name: 'executes all that one certificate decides, however far above what is executed',
    run: (m) => {
      const row = m.row(1, 2, 4, 5, 7, 8, 10, 11);
      let top = row[7]!;
      m.propose(...row);
      for (const view of [13, 14, 16, 17, 18, 19]) m.propose((top = m.block('null', view, top)));
      expect(m.replica.state().executed).toBe(11);
      m.told();
    },
    effects: [],
  },
  {
    name: 'as a leader, makes room with an empty block when what waits is above the window',
    self: 0,
    run: (m) => {
      m.now = 100_000;
      let top = m.root;
      for (const view of [2, 4, 6, 10, 12, 14, 18, 20]) m.propose((top = m.block('null', view, top)));
      m.submit(envelopeOf('waits', { expiresAt: 150_000 }));
      m.propose((top = m.block('null', 22, top)));
      m.told();
      expect(m.replica.state()).toMatchObject({ executed: 0, view: 22 });
      for (const sender of [1, 2]) m.timeoutOf(sender, 22, m.beneath(top)).timeoutOf(sender, 23, m.beneath(top));
      m.told();
      // In its second view nothing with a batch is undecided, and a quorum gave nothing up.
      m.drained();
      expect(m.told()).toEqual([expect.stringMatching(/^proposal 24\/9/), expect.stringMatching(/^vote 24\/9/)]);
      const mine = m.blockOf(m.sealed.findLast(({ kind }) => kind === 'proposal'));
      m.voteOf(1, mine).voteOf(2, mine).drained();
    },
    effects: [
      expect.stringMatching(/^proposal 25\/10/) as string,
      'persist lock',
      expect.stringMatching(/^vote 25\/10 \w+ to 1$/) as string,
    ],
  },
  {
    name: 'stops when a sequence has two decisions with certificates that hold',
    run: (m) => {
      const a = m.block('A', 1);
      const onA = (name: string): LinearDriver => {
        const b = m.block(name, 2, a);
        const c = m.block('C', 3, b);
        return m.decided(0, b, c, m.block('D', 4, c));
      };
      onA('B');
      onA('X');
    },
    effects: ['halt'],
  },
];

describe('one member that runs HotStuff', () => {
  it.each(rows)('$name', ({ self = 3, run, effects }) => {
    const member = new LinearDriver(self);
    run(member);
    expect(member.told()).toEqual(effects);
  });
});

describe('a member that runs HotStuff and was restarted', () => {
  /** What its data folder holds after it voted for these blocks. */
  function before(blocks: (member: LinearDriver) => readonly TestBlock[], rotated: boolean): Recovered {
    const member = new LinearDriver(3);
    const records: DurableRecord[] = [];
    member.onPersist = (record) => records.push(record);
    member.propose(...blocks(member));
    const base = member.replica.base();
    const kept = rotated ? base.records : records;
    return {
      ...NOTHING_RECOVERED,
      votes: rotated ? base.votes : member.sealed,
      proposals: kept.flatMap((record) => (record.kind === 'proposal' ? [record.message] : [])),
      locked: kept.flatMap((record) => (record.kind === 'lock' ? [record.locked] : [])).at(-1),
    };
  }

  const restarted = (recovered: Recovered): LinearDriver => {
    const member = new LinearDriver(3, { recovered });
    member.start();
    return member;
  };

  describe.each([false, true])('log began a new file: %s', (rotated) => {
    it('gives its vote again as it was, to the leader that waits for it, and no other in that view', () => {
      const member = restarted(before((m) => m.row(1, 2), rotated));
      expect(member.told()).toEqual(['forward vote to 1']);
      member.receive(member.proposal(member.block('rival', 2, member.row(1)[0]), member.row(1)[0]!));
      expect(member.told()).toEqual(['persist evidence', 'accuse 1']);
    });

    it('is locked on what it was locked on', () => {
      const member = restarted(before((m) => m.row(1, 2, 3), rotated));
      member.told();
      member.receive(member.proposal(member.block('X', 5), member.root, 2));
      expect(member.told()).toEqual(['enter view 5', 'reject conflicting_proposal']);
    });

    it('goes on with the blocks that it had', () => {
      const member = restarted(before((m) => m.row(1, 2, 3), rotated));
      member.told();
      member.propose(...member.row(1, 2, 3, 4));
      expect(member.told()).toEqual(['persist proposal', 'persist lock', 'vote 4/4 D to 2', 'execute 1 A [0]']);
    });
  });

  it.each([false, true])('is locked though the blocks that showed it are gone (new file: %s)', (rotated) => {
    const recovered = before((m) => m.row(1, 2, 3), rotated);
    const member = restarted({ ...recovered, proposals: [] });
    member.told();
    member.receive(member.proposal(member.block('X', 5), member.root, 2));
    expect(member.told()).toEqual(['enter view 5', 'reject conflicting_proposal']);
  });

  it('gives the vote that a crash kept from being made', () => {
    const recovered = before((m) => m.row(1, 2), false);
    const member = restarted({ ...recovered, votes: recovered.votes.slice(0, -1) });
    expect(member.told()).toEqual(['persist proposal', expect.stringMatching(/^vote 2\/2 \w+ to 1$/)]);
  });

  it.each([false, true])('nor after one more restart, whose log is whole (new file: %s)', (rotated) => {
    const recovered = before((m) => m.row(1, 2), false);
    const torn = new LinearDriver(3, { recovered: { ...recovered, tornTail: true } });
    const records: DurableRecord[] = [];
    torn.onPersist = (record) => records.push(record);
    torn.start();
    const kept = rotated ? torn.replica.base().records : records;
    const abstained = kept.flatMap((record) => (record.kind === 'abstention' ? [record.through] : [])).at(-1);
    const member = restarted({ ...recovered, abstained });
    const row = member.row(1, 2, 3, 4, 5, 6, 7);
    member.propose(...row.slice(2, 6));
    expect(member.sealed.filter(({ kind }) => kind === 'vote')).toEqual([]);
    member.propose(row[6]!);
    expect(member.sealed.filter(({ kind }) => kind === 'vote').map(({ view }) => view)).toEqual([7]);
  });

  it('votes in no view of which a torn log may have lost a vote', () => {
    const recovered = before((m) => m.row(1, 2), false);
    const member = new LinearDriver(3, { recovered: { ...recovered, tornTail: true } });
    member.start();
    expect(member.told()).toEqual(['persist abstention', 'leave view 2: torn-log', 'forward vote to 1']);
    const row = member.row(1, 2, 3, 4, 5, 6, 7);
    member.propose(...row.slice(2, 6));
    expect(member.sealed).toEqual([]);
    member.propose(row[6]!);
    expect(member.sealed.filter(({ kind }) => kind === 'vote').map(({ view }) => view)).toEqual([7]);
  });
});
