import {
  asciiBytes,
  encodeEpochTable,
  LayoutError,
  Reader,
  Writer,
  type Digest,
  type EpochTable,
  type NodeId,
  type Sequence,
} from '@concordat/protocol';
import {
  approvedBy,
  isolateOf,
  joinOf,
  keyOf,
  leaveOf,
  membershipOf,
  releaseOf,
  restored,
  rotateOf,
  scoreOf,
  tableOf,
  verdictOf,
  writtenBy,
  type KeyOptions,
} from '../testing/membership';
import { KNOWN_KEYS_MAX } from './known-keys';
import { JOIN_PROOF_AGE_MAX, type ChangeResult, type Membership } from './membership';
import type { Operation } from './operation';

const run = (membership: Membership, sequence: number, operation: Operation, ...names: string[]): ChangeResult =>
  membership.execute(sequence as Sequence, approvedBy(operation, ...(names.length === 0 ? ['root'] : names)));
const namesOf = (table: EpochTable | undefined): string[] | undefined =>
  table?.members.map(({ nodeId, isolated }) => `${nodeId}${isolated ? '!' : ''}`);
const UNAUTHORISED = 'approved neither by one operator nor by a quorum of the members';

describe('authority', () => {
  const weightedTable = tableOf(6, {
    weightedVoting: true,
    members: [5, 5, 2, 2, 2, 2].map((weight, index) => ({
      nodeId: `n${String(index)}` as NodeId,
      publicKey: keyOf(`n${String(index)}`),
      weight,
    })),
  });
  const withIsolated = { ...tableOf(4), members: tableOf(4).members.map((m, i) => ({ ...m, isolated: i === 3 })) };
  const memberAsOperator = tableOf(4, { operators: [keyOf('n0')] });

  it.each<[string, EpochTable, string[], string]>([
    ['an operator', tableOf(4), ['root'], 'accepted'],
    ['the other operator', tableOf(4), ['deputy'], 'accepted'],
    ['a quorum of members', tableOf(4), ['n0', 'n2', 'n3'], 'accepted'],
    ['all members', tableOf(4), ['n3', 'n2', 'n1', 'n0'], 'accepted'],
    ['the only member', tableOf(1), ['n0'], 'accepted'],
    ['a quorum and a stranger', tableOf(4), ['stranger', 'n0', 'n1', 'n2'], 'accepted'],
    ['few members that weigh a quorum', weightedTable, ['n0', 'n1', 'n3'], 'accepted'],
    ['too few members', tableOf(4), ['n0', 'n1'], UNAUTHORISED],
    ['too few members and strangers', tableOf(4), ['n0', 'n1', 'x', 'y'], UNAUTHORISED],
    ['enough members that weigh too little', weightedTable, ['n2', 'n3', 'n4', 'n5'], UNAUTHORISED],
    ['one member', tableOf(4), ['n0'], UNAUTHORISED],
    ['a stranger', tableOf(4), ['stranger'], UNAUTHORISED],
    ['an operator of a table without operators', tableOf(4, { operators: [] }), ['root'], UNAUTHORISED],
    ['an isolated member in the quorum', withIsolated, ['n0', 'n1', 'n3'], UNAUTHORISED],
    ['a quorum without the isolated member', withIsolated, ['n0', 'n1', 'n2'], 'accepted'],
    ['two operators in one request', tableOf(4), ['root', 'deputy'], UNAUTHORISED],
    ['an operator among members', tableOf(4), ['root', 'n0', 'n1'], UNAUTHORISED],
    ['an operator beside a quorum', tableOf(4), ['n0', 'n1', 'n2', 'root'], UNAUTHORISED],
    ['an operator that is a member, as operator', memberAsOperator, ['n0'], 'accepted'],
    ['an operator that is a member, as member', memberAsOperator, ['n0', 'n1', 'n2'], UNAUTHORISED],
  ])('%s', (_, table, names, verdict) => {
    const membership = membershipOf(table);
    const before = writtenBy(membership).join();
    expect(verdictOf(run(membership, 1, scoreOf(1, 'n0', 0.5), ...names))).toBe(verdict);
    expect(membership.next === undefined).toBe(verdict !== 'accepted');
    if (verdict !== 'accepted') expect(writtenBy(membership).join()).toBe(before);
  });

  it('counts an approval for its own operation, swarm and key only', () => {
    const value = (text: string): Uint8Array => asciiBytes(text);
    const textOf = (bytes: Uint8Array): string => String.fromCharCode(...bytes);
    const approved = textOf(approvedBy(scoreOf(1, 'n1', 0.5), 'root'));
    const forged = [
      approved.replace('"nonce":1', '"nonce":2'),
      approved.replace('"n1"', '"n2"'),
      approved.replace('0.5', '0.4'),
      approved.replace('observed', 'observes'),
      textOf(approvedBy(scoreOf(1, 'n1', 0.5), 'stranger')).replace(
        /"key":"[^"]*"/,
        /"key":"[^"]*"/.exec(approved)![0],
      ),
    ];
    const membership = membershipOf(tableOf(4));
    for (const text of forged) expect(verdictOf(membership.execute(1 as Sequence, value(text)))).toBe(UNAUTHORISED);
    expect(verdictOf(membership.execute(1 as Sequence, value(approved)))).toBe('accepted');
  });

  it('is judged by the current table: who joins or leaves in the pending one does not count, or still does', () => {
    const membership = membershipOf(tableOf(5));
    expect(verdictOf(run(membership, 1, leaveOf(1, 'n0')))).toBe('accepted');
    expect(verdictOf(run(membership, 2, joinOf(2, 'a')))).toBe('accepted');
    expect(verdictOf(run(membership, 3, scoreOf(1, 'n1', 0), 'n1', 'n2', 'n3', 'a'))).toBe(UNAUTHORISED);
    expect(verdictOf(run(membership, 3, scoreOf(1, 'n1', 0), 'n0', 'n1', 'n2', 'n3'))).toBe('accepted');
  });
});

describe('nonces', () => {
  it('each operator has its own, the members share one; only greater ones are executed', () => {
    const membership = membershipOf(tableOf(4));
    const quorum = ['n0', 'n1', 'n2'];
    const said = [
      run(membership, 1, scoreOf(5, 'n1', 0.5), 'root'),
      run(membership, 2, scoreOf(5, 'n1', 0.5), 'root'),
      run(membership, 3, scoreOf(4, 'n1', 0.5), 'root'),
      run(membership, 4, scoreOf(1, 'n1', 0.5), 'deputy'),
      run(membership, 4, scoreOf(3, 'n1', 0.5), ...quorum),
      run(membership, 4, scoreOf(3, 'n1', 0.5), 'n1', 'n2', 'n3'),
      run(membership, 5, scoreOf(6, 'n1', 0.5), 'root'),
      run(membership, 5, scoreOf(Number.MAX_SAFE_INTEGER, 'n1', 0.5), 'deputy'),
    ];
    expect(said.map(verdictOf)).toEqual([
      'accepted',
      "nonce 5 is not above 5, operator 0's last",
      "nonce 4 is not above 5, operator 0's last",
      'accepted',
      'accepted',
      "nonce 3 is not above 3, the members' last",
      'accepted',
      'accepted',
    ]);
  });

  it('of an operation that the rules forbid is used up: it cannot wait for other rules', () => {
    const membership = membershipOf(tableOf(4));
    const release = approvedBy(releaseOf(1, 'n1'), 'root');
    const before = writtenBy(membership).join();
    expect(verdictOf(membership.execute(1 as Sequence, release))).toBe('n1 is not isolated');
    expect(writtenBy(membership).join()).not.toBe(before);
    expect(verdictOf(run(membership, 2, isolateOf(1, 'n1'), 'deputy'))).toBe('accepted');
    expect(verdictOf(membership.execute(3 as Sequence, release))).toBe("nonce 1 is not above 1, operator 0's last");
    expect(namesOf(membership.next)).toEqual(['n0', 'n1!', 'n2', 'n3']);
  });

  it('and known keys go on in the next epoch; nothing is pending there', () => {
    const membership = membershipOf(tableOf(4));
    run(membership, 1, joinOf(7, 'a'), 'deputy');
    run(membership, 1, scoreOf(9, 'a', 0.5), 'n0', 'n1', 'n2');
    run(membership, 1, leaveOf(8, 'a'), 'deputy');
    const next = membership.succeed();
    expect([next.boundary, next.next]).toEqual([0, undefined]);
    const at = membership.boundary + 1;
    const anew = { epoch: 1, stable: at };
    expect(verdictOf(run(next, at, joinOf(8, 'b', anew), 'deputy'))).toBe("nonce 8 is not above 8, operator 1's last");
    expect(verdictOf(run(next, at, scoreOf(9, 'n1', 0.5), 'n0', 'n1', 'n2'))).toBe(
      "nonce 9 is not above 9, the members' last",
    );
    expect(verdictOf(run(next, at, joinOf(1, 'a', anew), 'root'))).toBe(
      'the key stood in a table of this swarm before',
    );
    expect(verdictOf(run(next, at, joinOf(2, 'a', { ...anew, key: 'a anew' }), 'root'))).toBe('accepted');
    // What happened in the new epoch is no news in the old one.
    expect(namesOf(membership.next)).toEqual(['n0', 'n1', 'n2', 'n3']);
    expect(verdictOf(run(membership, 2, joinOf(9, 'a', { key: 'a anew' }), 'deputy'))).toBe('accepted');
  });
});

describe('new keys', () => {
  const AT = JOIN_PROOF_AGE_MAX + 50;
  const stood = 'the key stood in a table of this swarm before';
  const broken = 'the proof of possession does not hold';

  it.each<[string, KeyOptions, string]>([
    ['just made', { stable: AT }, 'accepted'],
    ['as old as allowed', { stable: AT - JOIN_PROOF_AGE_MAX }, 'accepted'],
    [
      'older than allowed',
      { stable: AT - JOIN_PROOF_AGE_MAX - 1 },
      `the key's proof is more than 100000 sequences old`,
    ],
    ['of a sequence to come', { stable: AT + 1 }, `the key's proof names sequence ${String(AT + 1)}, which is to come`],
    ['for another epoch', { stable: AT, epoch: 1 }, "the key's proof is for epoch 1, this is 0"],
    ['signed by another key', { stable: AT, signer: 'n1' }, broken],
    ['for another node', { stable: AT, claim: { nodeId: 'b' as NodeId } }, broken],
    ['for another key', { stable: AT, claim: { publicKey: keyOf('b') } }, broken],
    ['for another sequence', { stable: AT, claim: { stableSequence: 60 as Sequence } }, broken],
  ])('proof %s', (_, options, verdict) => {
    const joining = membershipOf(tableOf(4));
    expect(verdictOf(run(joining, AT, joinOf(1, 'a', options)))).toBe(verdict);
    const rotating = membershipOf(tableOf(4));
    const claim = options.claim?.nodeId === undefined ? options.claim : { nodeId: 'n2' as NodeId };
    const { claim: _claim, ...rest } = options;
    const operation = rotateOf(1, 'n1', 'n1 anew', { ...rest, ...(claim === undefined ? {} : { claim }) });
    expect(verdictOf(run(rotating, AT, operation))).toBe(verdict);
  });

  it('that stood in any table cannot come back: not one that left, nor one that was replaced', () => {
    const membership = membershipOf(tableOf(5));
    const said = [
      run(membership, 1, joinOf(1, 'a')),
      run(membership, 1, leaveOf(2, 'a')),
      run(membership, 1, joinOf(3, 'a')),
      run(membership, 1, joinOf(4, 'b', { key: 'a' })),
      run(membership, 1, rotateOf(5, 'n1', 'n1 anew')),
      run(membership, 1, rotateOf(6, 'n1', 'n1')),
      run(membership, 1, rotateOf(7, 'n2', 'n1')),
      run(membership, 1, joinOf(8, 'c', { key: 'n1' })),
      run(membership, 1, rotateOf(9, 'n1', 'n1 anew')),
      run(membership, 1, joinOf(10, 'a', { key: 'a anew' })),
    ];
    expect(said.map(verdictOf)).toEqual([
      'accepted',
      'accepted',
      stood,
      stood,
      'accepted',
      stood,
      stood,
      stood,
      "the key is n1's",
      'accepted',
    ]);
  });

  it('are refused once the list of known ones is full', () => {
    const table = tableOf(4);
    const writer = new Writer().u8(1).u16(3).u64(0).u64(0).u64(0);
    const fresh = new Reader(writtenBy(membershipOf(table)));
    fresh.raw(1 + 2 + 24);
    const own = Array.from({ length: fresh.u32() }, () => fresh.digest());
    const others = Array.from(
      { length: KNOWN_KEYS_MAX - own.length },
      (_, index) => index.toString(16).padStart(64, '0') as Digest,
    );
    writer.u32(KNOWN_KEYS_MAX);
    for (const key of [...own, ...others].sort()) writer.digest(key);
    const membership = restored(table, writer.u32(0).bytes());
    expect(verdictOf(run(membership, 1, joinOf(1, 'a')))).toBe('this swarm has seen 65536 keys, its maximum');
    expect(verdictOf(run(membership, 1, rotateOf(2, 'n1', 'x')))).toBe('this swarm has seen 65536 keys, its maximum');
    expect(verdictOf(run(membership, 1, leaveOf(3, 'n1', 0)))).toBe('accepted');
  });
});

describe('isolation', () => {
  it('needs a proof against that very member', () => {
    const membership = membershipOf(tableOf(4));
    const other = isolateOf(1, 'n1', 'AAAA');
    expect(verdictOf(run(membership, 1, other))).toBe('the proof proves nothing against n1');
    expect(membership.next).toBeUndefined();
    expect(verdictOf(run(membership, 1, isolateOf(2, 'n1')))).toBe('accepted');
    expect(namesOf(membership.next)).toEqual(['n0', 'n1!', 'n2', 'n3']);
  });
});

describe('boundary', () => {
  // K = 8, L = 16.
  it.each([
    [1, 24],
    [8, 24],
    [9, 32],
    [16, 32],
    [1000, 1016],
    [1001, 1024],
  ])('of a change at %d is %d, the first checkpoint at least L later', (sequence, boundary) => {
    const membership = membershipOf(tableOf(4));
    expect(membership.boundary).toBe(0);
    expect(run(membership, sequence, leaveOf(1, 'n1', 0))).toEqual({
      accepted: true,
      kind: 'leave',
      nodeId: 'n1',
      reason: '',
      refusal: undefined,
      boundary,
      epoch: 1,
    });
    expect(membership.boundary).toBe(boundary);
    expect(membership.next).toMatchObject({ epoch: 1, baseSequence: boundary, f: 0 });
  });

  it('stays what the first change made it; later ones up to it join the same table', () => {
    const membership = membershipOf(tableOf(4));
    run(membership, 3, joinOf(1, 'a'));
    expect(run(membership, 24, joinOf(2, 'b', { stable: 24 }))).toMatchObject({
      accepted: true,
      boundary: 24,
      epoch: 1,
    });
    expect(namesOf(membership.next)).toEqual(['n0', 'n1', 'n2', 'n3', 'a', 'b']);
    expect(() => run(membership, 25, leaveOf(3, 'b'))).toThrow('sequence 25 is of epoch 0');
  });

  it('a change and its reverse still make an epoch', () => {
    const table = tableOf(4);
    const membership = membershipOf(table);
    run(membership, 1, isolateOf(1, 'n1'));
    run(membership, 1, releaseOf(2, 'n1'));
    expect(membership.next).toEqual({ ...table, epoch: 1, baseSequence: 24 });
  });

  it('follows from epoch to epoch', () => {
    let membership = membershipOf(tableOf(4));
    run(membership, 1, joinOf(1, 'a'));
    membership = membership.succeed();
    expect(() => run(membership, 24, leaveOf(2, 'a'))).toThrow('sequence 24 is of epoch 1');
    expect(run(membership, 25, leaveOf(2, 'a'))).toMatchObject({ accepted: true, boundary: 48, epoch: 2 });
  });

  it('a refusal names the current epoch and no boundary', () => {
    const membership = membershipOf(tableOf(4));
    const about = { accepted: false, boundary: 0, epoch: 0 };
    expect(run(membership, 1, leaveOf(1, 'x'))).toEqual({
      ...about,
      kind: 'leave',
      nodeId: 'x',
      reason: 'x is no member',
      refusal: 'forbidden',
    });
    expect(membership.execute(1 as Sequence, asciiBytes('1'))).toEqual({
      ...about,
      kind: '',
      nodeId: '',
      reason: 'request: must be an object',
      refusal: 'unreadable',
    });
  });
});

describe('state', () => {
  it('has another digest after each of: a used nonce, a known key, a pending table', () => {
    const membership = membershipOf(tableOf(4));
    const digests = new Set([writtenBy(membership).join()]);
    const steps: Operation[] = [releaseOf(1, 'n1'), joinOf(2, 'a'), leaveOf(3, 'a'), scoreOf(4, 'n1', 0)];
    for (const operation of steps) {
      run(membership, 1, operation);
      digests.add(writtenBy(membership).join());
    }
    expect(digests.size).toBe(5);
  });

  const table = tableOf(4);
  const changed = membershipOf(table);
  run(changed, 1, joinOf(1, 'a'));
  const good = writtenBy(changed);
  const written = (pending: EpochTable): Uint8Array => {
    const at = good.length - encodeEpochTable(changed.next!).length - 4;
    return new Writer().raw(good.subarray(0, at)).long(encodeEpochTable(pending)).bytes();
  };
  const keysAt = 1 + 2 + 24 + 4;
  const swapped = good.slice();
  swapped.set(good.subarray(keysAt, keysAt + 32), keysAt + 32);
  swapped.set(good.subarray(keysAt + 32, keysAt + 64), keysAt);
  const twice = good.slice();
  twice.set(good.subarray(keysAt, keysAt + 32), keysAt + 32);
  const foreign = good.slice();
  foreign.fill(0, keysAt, keysAt + 32);

  it('comes back as it was', () => {
    expect(writtenBy(restored(table, good))).toEqual(good);
    expect(writtenBy(restored(table, written(changed.next!)))).toEqual(good);
  });

  it.each<[string, Uint8Array, string]>([
    ['another layout', Uint8Array.of(2, ...good.subarray(1)), 'membership layout 2 is unknown'],
    ['nonces of other operators', Uint8Array.of(1, 0, 2, ...good.subarray(3)), 'nonces of 2 authorities, there are 3'],
    ['keys in another order', swapped, 'known keys do not ascend'],
    ['a key twice', twice, 'known keys do not ascend'],
    ['a member with an unknown key', foreign, "a member's key is not among the known ones"],
    [
      'an epoch left out',
      written({ ...changed.next!, epoch: 2 as never }),
      'the pending table does not follow the current one',
    ],
    [
      'no boundary',
      written({ ...changed.next!, baseSequence: 0 as never }),
      'the pending table does not follow the current one',
    ],
    [
      'other settings',
      written({ ...changed.next!, nonceWindow: 64 }),
      'the pending table changes what no operation changes',
    ],
    [
      'other operators',
      written({ ...changed.next!, operators: [keyOf('root'), keyOf('x')] }),
      'the pending table changes what no operation changes',
    ],
  ])('is not read from %s', (_, bytes, reason) => {
    expect(() => restored(table, bytes)).toThrow(LayoutError);
    expect(() => restored(table, bytes)).toThrow(reason);
  });

  it('is not read from less than all of it', () => {
    for (let length = 0; length < good.length; length++)
      expect(() => restored(table, good.subarray(0, length))).toThrow(LayoutError);
  });
});
