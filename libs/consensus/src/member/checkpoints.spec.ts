import { type CheckpointContent, type Sequence, ZERO_DIGEST } from '@concordat/protocol';
import { Driver } from '../testing/driver';

/** Decides and executes `count` sequences at the member. */
function execute(member: Driver, count: number, first = 1): void {
  for (let sequence = first; sequence < first + count; sequence++) {
    const name = `X${String(sequence)}`;
    member.prePrepare(name, { sequence });
    for (const sender of [0, 2, 3]) member.commit(sender, name, { sequence });
  }
}

function ownContent(member: Driver): CheckpointContent {
  const own = member.sealed.findLast((message) => message.kind === 'checkpoint');
  if (own?.kind !== 'checkpoint') throw new Error('no checkpoint was sealed');
  return own.content;
}

const checkpoint = (member: Driver, sender: number, content: CheckpointContent, sequence = 4): Driver =>
  member.from(sender, { kind: 'checkpoint', sequence: sequence as Sequence, content });

describe('checkpoints', () => {
  it('makes the state durable before the CHECKPOINT that tells of it, every K sequences', () => {
    const member = new Driver(1);
    execute(member, 3);
    member.told();
    execute(member, 1, 4);
    expect(member.told().slice(-3)).toEqual(['execute 4 X4 [0]', 'persist state', 'checkpoint 4']);
  });

  it('is stable on a quorum of equal ones, and moves the window then', () => {
    const member = new Driver(1);
    execute(member, 4);
    const content = ownContent(member);
    member.told();
    checkpoint(member, 2, content);
    expect(member.told()).toEqual([]);
    checkpoint(member, 2, content);
    expect(member.replica.state().stable).toBe(0);
    checkpoint(member, 3, content);
    expect(member.told()).toEqual(['persist stable', 'stable 4']);
    expect(member.replica.state()).toMatchObject({ stable: 4, slots: 0 });
    expect(member.prePrepare('A', { sequence: 12 }).told()).toEqual(['persist batch', 'prepare 0/12 A']);
    expect(member.prePrepare('B', { sequence: 4 }).told()).toEqual(['reject outside_window']);
  });

  it('counts equal contents, not messages', () => {
    const member = new Driver(1);
    execute(member, 4);
    const other = { ...ownContent(member), stateDigest: ZERO_DIGEST };
    checkpoint(member, 2, other);
    checkpoint(member, 3, ownContent(member));
    expect(member.replica.state().stable).toBe(0);
  });

  it('accuses a member of two contents for one sequence', () => {
    const member = new Driver(1);
    execute(member, 4);
    member.told();
    checkpoint(member, 2, ownContent(member));
    checkpoint(member, 2, { ...ownContent(member), stateDigest: ZERO_DIGEST });
    expect(member.told()).toEqual(['persist evidence', 'accuse 2']);
  });

  it('stops when a quorum certifies another state than its own', () => {
    const member = new Driver(1);
    execute(member, 4);
    const other = { ...ownContent(member), stateDigest: ZERO_DIGEST };
    for (const sender of [0, 2, 3]) checkpoint(member, sender, other);
    expect(member.told()).toContain('halt');
    expect(member.prePrepare('A', { sequence: 5 }).told()).toEqual([]);
  });

  it('takes a window that it has no state for: votes there, executes and signs nothing before it has caught up', () => {
    const ahead = new Driver(2);
    for (let sequence = 1; sequence <= 4; sequence++) {
      ahead.prePrepare(`X${String(sequence)}`, { sequence });
      for (const sender of [0, 1, 3]) ahead.commit(sender, `X${String(sequence)}`, { sequence });
    }
    const content = ownContent(ahead);
    const member = new Driver(1);
    for (const sender of [0, 2, 3]) checkpoint(member, sender, content);
    expect(member.told()).toEqual(['persist stable']);
    expect(member.prePrepare('Y', { sequence: 5 }).told()).toEqual(['persist batch', 'prepare 0/5 Y']);
    for (const sender of [0, 2, 3]) member.commit(sender, 'Y', { sequence: 5 });
    expect(member.told().filter((text) => text.startsWith('execute'))).toEqual([]);
    for (let sequence = 1; sequence <= 4; sequence++) {
      member.from(2, {
        kind: 'decided',
        view: 0 as never,
        sequence: sequence as Sequence,
        batch: member.batch(`X${String(sequence)}`),
        certificate: {
          view: 0 as never,
          sequence: sequence as Sequence,
          digest: member.digest(`X${String(sequence)}`),
          signatures: [],
        },
      });
    }
    const told = member.told();
    expect(told.filter((text) => text.startsWith('execute')).map((text) => text.split(' ')[1])).toEqual([
      '1',
      '2',
      '3',
      '4',
      '5',
    ]);
    expect(told).toContain('checkpoint 4');
    expect(told).toContain('stable 4');
  });

  it('keeps a bounded number of CHECKPOINTs of a member, whatever it sends', () => {
    const member = new Driver(1);
    const content: CheckpointContent = {
      stateDigest: ZERO_DIGEST,
      boundary: 0 as Sequence,
      nextTableHash: ZERO_DIGEST,
    };
    for (let sequence = 4; sequence < 4000; sequence += 4) checkpoint(member, 3, content, sequence);
    expect(member.told()).toEqual([]);
    // Its first ones are gone: with two of others they are no quorum. Its last ones are kept.
    for (const sequence of [4, 3996]) for (const sender of [0, 2]) checkpoint(member, sender, content, sequence);
    expect(member.replica.state().stable).toBe(3996);
    expect(member.told()).toHaveLength(1);
  });
});
