import * as fc from 'fast-check';
import {
  checkCheckpointCertificate,
  checkCommitCertificate,
  checkpointDigest,
  checkPreparedCertificate,
  type CheckpointCertificate,
  type CommitCertificate,
  type PreparedCertificate,
  type StatementVerifier,
} from './certificates';
import { NULL_DIGEST, portableHash, purposeDigest, ZERO_DIGEST } from './hash';
import { memberIndex, sequence, view } from './ids';
import { createSwarm, someContent, someDigest, toyKeys, type TestSwarm } from './testing/swarm';
import { statementBytes } from './statement';
import { Writer } from './wire';

fc.configureGlobal({ seed: 12, numRuns: 200 });

const swarm = createSwarm();
const digest = someDigest('batch');
const slot = { view: 5, sequence: 16, digest };
// View 5 of four members is led by member 1.
const LEADER = 1;

/** Why the certificate is refused; undefined when it holds. */
const commit = (certificate: CommitCertificate, by: TestSwarm = swarm): string | undefined =>
  checkCommitCertificate(by.committee, portableHash, certificate, by.context.verifyStatement)?.reason;
const prepared = (certificate: PreparedCertificate, by: TestSwarm = swarm): string | undefined =>
  checkPreparedCertificate(by.committee, certificate, by.context.verifyStatement)?.reason;
const checkpoint = (certificate: CheckpointCertificate, by: TestSwarm = swarm): string | undefined =>
  checkCheckpointCertificate(by.committee, portableHash, certificate, by.context.verifyStatement)?.reason;

/** Other swarms whose members have the same names and keys. */
const others: [what: string, other: TestSwarm][] = [
  ['another epoch', createSwarm({ epoch: 1 })],
  ['another swarm name', createSwarm({ name: 'other' })],
  ['another swarm of the same name and table', createSwarm({ random: someDigest('other random') })],
  ['another table', createSwarm({ table: { clientsMax: 9 } })],
];

/** A swarm that differs in the table's hash alone: its members sign under another table, with one swarm id. */
function underTable(tableHash = someDigest('other table')): TestSwarm['votes'] {
  const domain = { swarmId: swarm.id, tableHash };
  return (kind, at, senders) =>
    senders.map((sender) => ({
      sender: memberIndex(sender),
      signature: toyKeys.sign(`n${String(sender)}`, statementBytes(domain, swarm.statement(kind, sender, at))),
    }));
}

/** Signatures over statements of another epoch, in this swarm's domain. */
const inEpoch =
  (epoch: number): TestSwarm['votes'] =>
  (kind, at, senders) =>
    senders.map((sender) => {
      const said = { ...swarm.statement(kind, sender, at), epoch: createSwarm({ epoch }).committee.epoch };
      return { sender: memberIndex(sender), signature: swarm.sign(said) };
    });

const unsigned = (member: number, what: string): string =>
  `${what}: signature of member ${String(member)} does not hold`;

describe('commit certificates (scenario 9)', () => {
  const good = swarm.commitCertificate(slot, [0, 2, 3]);
  const signed = (signatures: CommitCertificate['signatures']): CommitCertificate => ({ ...good, signatures });

  it.each([[[0, 1, 2]], [[0, 2, 3]], [[1, 2, 3]], [[0, 1, 2, 3]]])('hold with the quorum %s', (senders) =>
    expect(commit(swarm.commitCertificate(slot, senders))).toBeUndefined(),
  );

  it('hold for the null batch', () =>
    expect(commit(swarm.commitCertificate({ ...slot, digest: NULL_DIGEST }, [0, 2, 3]))).toBeUndefined());

  const notSigned = unsigned(0, 'commit certificate');
  const rows: [what: string, certificate: CommitCertificate, reason: string][] = [
    ['replayed over another view', { ...good, view: view(6) }, notSigned],
    ['replayed over another sequence', { ...good, sequence: sequence(17) }, notSigned],
    ['replayed over another digest', { ...good, digest: someDigest('other') }, notSigned],
    ['replayed over the null batch', { ...good, digest: NULL_DIGEST }, notSigned],
    ['PREPAREs', signed(swarm.votes('prepare', slot, [0, 2, 3])), notSigned],
    ['PRE-PREPAREs', signed(swarm.votes('prePrepare', slot, [0, 2, 3])), notSigned],
    ['CHECKPOINTs', signed(swarm.votes('checkpoint', slot, [0, 2, 3])), notSigned],
    ['signatures in another epoch', signed(inEpoch(1)('commit', slot, [0, 2, 3])), notSigned],
    ['signatures under another table', signed(underTable()('commit', slot, [0, 2, 3])), notSigned],
    [
      'a signer that is no member',
      signed([...good.signatures, ...swarm.votes('commit', slot, [4])]),
      'commit certificate: signer 4 is not a member',
    ],
    ['a signer twice', signed(swarm.votes('commit', slot, [0, 2, 2])), 'commit certificate: signer 2 stands twice'],
    [
      'a signer twice beyond a quorum',
      signed(swarm.votes('commit', slot, [0, 2, 3, 3])),
      'commit certificate: signer 3 stands twice',
    ],
    ['exactly Q - 1', signed(good.signatures.slice(0, 2)), 'commit certificate: weight 2 is below the quorum of 3'],
    ['nobody', signed([]), 'commit certificate: weight 0 is below the quorum of 3'],
    [
      'one signature of another member',
      signed(good.signatures.with(1, { ...good.signatures[1]!, signature: good.signatures[0]!.signature })),
      unsigned(2, 'commit certificate'),
    ],
    [
      'one signature broken beyond a quorum',
      signed([
        ...good.signatures.slice(0, 1),
        { sender: memberIndex(1), signature: new Uint8Array(64) },
        ...good.signatures.slice(1),
      ]),
      unsigned(1, 'commit certificate'),
    ],
    [
      'an empty signature',
      signed(good.signatures.with(0, { sender: memberIndex(0), signature: new Uint8Array(0) })),
      notSigned,
    ],
  ];
  it.each(rows)('refused: %s', (_, certificate, reason) => {
    expect(commit(certificate)).toBe(reason);
    expect(
      checkCommitCertificate(swarm.committee, portableHash, certificate, swarm.context.verifyStatement)?.code,
    ).toBe('bad_certificate');
  });

  it.each(others)('refused: from %s', (_, other) => {
    const certificate = other.commitCertificate(slot, [0, 2, 3]);
    expect(commit(certificate, other)).toBeUndefined();
    expect(commit(certificate)).toBe(notSigned);
  });
});

describe('prepared certificates (scenario 9)', () => {
  const good = swarm.preparedCertificate(slot, [0, 3]);
  const what = 'prepared certificate';
  const leaderless = "prepared certificate: the leader's signature does not hold";
  const notSigned = unsigned(0, what);
  const signed = (signatures: PreparedCertificate['signatures']): PreparedCertificate => ({ ...good, signatures });
  const led = (leaderSignature: Uint8Array): PreparedCertificate => ({ ...good, leaderSignature });
  const proposal = swarm.statement('prePrepare', LEADER, slot);

  it.each([[[0, 2]], [[0, 3]], [[2, 3]], [[0, 2, 3]]])('hold with the leader and %s', (senders) =>
    expect(prepared(swarm.preparedCertificate(slot, senders))).toBeUndefined(),
  );

  const rows: [what: string, certificate: PreparedCertificate, reason: string][] = [
    ['replayed over another view of the same leader', { ...good, view: view(9) }, notSigned],
    ['replayed over a view that a signer leads', { ...good, view: view(4) }, `${what}: signer 0 stands twice`],
    ['replayed over a view of another leader', { ...good, view: view(6) }, notSigned],
    ['replayed over another sequence', { ...good, sequence: sequence(17) }, notSigned],
    ['replayed over another digest', { ...good, digest: someDigest('other') }, notSigned],
    ['COMMITs', signed(swarm.votes('commit', slot, [0, 3])), notSigned],
    ['PRE-PREPAREs of backups', signed(swarm.votes('prePrepare', slot, [0, 3])), notSigned],
    ['signatures in another epoch', signed(inEpoch(1)('prepare', slot, [0, 3])), notSigned],
    ['signatures under another table', signed(underTable()('prepare', slot, [0, 3])), notSigned],
    ['a signer that is no member', signed(swarm.votes('prepare', slot, [0, 4])), `${what}: signer 4 is not a member`],
    ['a signer twice', signed(swarm.votes('prepare', slot, [0, 0])), `${what}: signer 0 stands twice`],
    ['the leader twice', signed(swarm.votes('prepare', slot, [0, LEADER])), `${what}: signer 1 stands twice`],
    [
      'exactly Q - 1 with the leader',
      signed(good.signatures.slice(0, 1)),
      `${what}: weight 2 is below the quorum of 3`,
    ],
    ['the leader alone', signed([]), `${what}: weight 1 is below the quorum of 3`],
    ["the leader's PREPARE", led(swarm.sign({ ...proposal, kind: 'prepare' })), leaderless],
    ["the leader's COMMIT", led(swarm.sign({ ...proposal, kind: 'commit' })), leaderless],
    [
      "the leader's proposal of another digest",
      led(swarm.sign({ ...proposal, digest: someDigest('other') })),
      leaderless,
    ],
    ["the leader's proposal of another sequence", led(swarm.sign({ ...proposal, sequence: sequence(17) })), leaderless],
    ["the leader's proposal in another view", led(swarm.sign({ ...proposal, view: view(9) })), leaderless],
    ["another member's proposal", led(swarm.sign({ ...proposal, sender: memberIndex(0) })), leaderless],
    ['no proposal', led(new Uint8Array(0)), leaderless],
  ];
  it.each(rows)('refused: %s', (_, certificate, reason) => expect(prepared(certificate)).toBe(reason));

  it.each(others)('refused: from %s', (_, other) => {
    const certificate = other.preparedCertificate(slot, [0, 3]);
    expect(prepared(certificate, other)).toBeUndefined();
    expect(prepared(certificate)).toBe(notSigned);
  });
});

describe('checkpoint certificates (scenario 9)', () => {
  const content = someContent('state');
  const good = swarm.checkpointCertificate(16, content, [0, 2, 3]);
  const what = 'checkpoint certificate';
  const notSigned = unsigned(0, what);
  const said = { view: 0, sequence: 16, digest: checkpointDigest(portableHash, sequence(16), content) };
  const signed = (signatures: CheckpointCertificate['signatures']): CheckpointCertificate => ({ ...good, signatures });
  const changed = (change: Partial<typeof content>): CheckpointCertificate => ({
    ...good,
    content: { ...content, ...change },
  });

  it('holds with a quorum', () => expect(checkpoint(good)).toBeUndefined());

  it('signs sequence, state, boundary and next table, each in its place', () => {
    const all = { stateDigest: digest, boundary: sequence(32), nextTableHash: someDigest('next') };
    const bytes = new Writer().u64(16).digest(digest).u64(32).digest(someDigest('next')).bytes();
    expect(checkpointDigest(portableHash, sequence(16), all)).toBe(purposeDigest(portableHash, 'checkpoint', bytes));
  });

  const rows: [what: string, certificate: CheckpointCertificate, reason: string][] = [
    [
      'of the genesis state',
      { ...good, sequence: sequence(0) },
      `${what}: sequence 0 is not above 0, where the epoch begins`,
    ],
    ['between checkpoints', { ...good, sequence: sequence(17) }, `${what}: 17 is no checkpoint sequence`],
    ['replayed over another sequence', { ...good, sequence: sequence(24) }, notSigned],
    ['replayed over another state', changed({ stateDigest: someDigest('other') }), notSigned],
    ['replayed over another boundary', changed({ boundary: sequence(32) }), notSigned],
    ['replayed over another table', changed({ nextTableHash: someDigest('next') }), notSigned],
    [
      'with state and table swapped',
      changed({ stateDigest: ZERO_DIGEST, nextTableHash: content.stateDigest }),
      notSigned,
    ],
    ['COMMITs', signed(swarm.votes('commit', said, [0, 2, 3])), notSigned],
    ['signed in a view', signed(swarm.votes('checkpoint', { ...said, view: 1 }, [0, 2, 3])), notSigned],
    ['signatures in another epoch', signed(inEpoch(1)('checkpoint', said, [0, 2, 3])), notSigned],
    ['signatures under another table', signed(underTable()('checkpoint', said, [0, 2, 3])), notSigned],
    [
      'a signer that is no member',
      signed(swarm.votes('checkpoint', said, [0, 2, 4])),
      `${what}: signer 4 is not a member`,
    ],
    ['a signer twice', signed(swarm.votes('checkpoint', said, [0, 0, 2])), `${what}: signer 0 stands twice`],
    ['exactly Q - 1', signed(good.signatures.slice(1)), `${what}: weight 2 is below the quorum of 3`],
  ];
  it.each(rows)('refused: %s', (_, certificate, reason) => expect(checkpoint(certificate)).toBe(reason));

  it.each(others)('refused: from %s', (_, other) => {
    const certificate = other.checkpointCertificate(16, content, [0, 2, 3]);
    expect(checkpoint(certificate, other)).toBeUndefined();
    expect(checkpoint(certificate)).toBe(notSigned);
  });
});

describe('weight', () => {
  /** W = 10, F = 2: a quorum weighs more than 6. */
  const even = createSwarm({ weights: [2, 2, 2, 2, 1, 1] });
  const at = { ...slot, view: 0 };

  it('exactly (W + F) / 2 is no quorum, and one more is', () => {
    expect(commit(even.commitCertificate(at, [0, 1, 2]), even)).toBe(
      'commit certificate: weight 6 is below the quorum of 7',
    );
    expect(commit(even.commitCertificate(at, [1, 2, 4, 5]), even)).toBe(
      'commit certificate: weight 6 is below the quorum of 7',
    );
    expect(commit(even.commitCertificate(at, [0, 1, 2, 4]), even)).toBeUndefined();
    expect(prepared(even.preparedCertificate(at, [1, 2]), even)).toBe(
      'prepared certificate: weight 6 is below the quorum of 7',
    );
    expect(prepared(even.preparedCertificate(at, [1, 2, 5]), even)).toBeUndefined();
  });

  it('counts, not heads: five light members of six are no quorum', () => {
    const heavy = createSwarm({ weights: [5, 5, 5, 1, 1, 1], table: { f: 1 } });
    expect(heavy.committee.quorumWeight).toBe(12);
    expect(commit(heavy.commitCertificate(at, [0, 1, 3]), heavy)).toBe(
      'commit certificate: weight 11 is below the quorum of 12',
    );
    expect(commit(heavy.commitCertificate(at, [0, 3, 4, 5]), heavy)).toBe(
      'commit certificate: weight 8 is below the quorum of 12',
    );
    expect(commit(heavy.commitCertificate(at, [0, 1, 3, 4]), heavy)).toBeUndefined();
  });

  it('exactly two thirds: the rule is (W + F) / 2, so 6 of 9 are a quorum with f = 2, and 5 of 9, 2f + 1, are none', () => {
    const nine = createSwarm({ n: 9 });
    expect(nine.committee.f).toBe(2);
    expect(commit(nine.commitCertificate(at, [0, 1, 2, 3, 4, 5]), nine)).toBeUndefined();
    expect(commit(nine.commitCertificate(at, [0, 1, 2, 3, 4]), nine)).toBe(
      'commit certificate: weight 5 is below the quorum of 6',
    );
  });

  it('exactly two thirds never falls short of a quorum, since 3F < W', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(weights, fc.nat(3), (chosen, f) => {
        const faulty = chosen
          .toSorted((a, b) => b - a)
          .slice(0, f)
          .reduce((sum, weight) => sum + weight, 0);
        const total = chosen.reduce((sum, weight) => sum + weight, 0);
        fc.pre(3 * faulty < total && chosen.length >= 3 * f + 1 && total % 3 === 0);
        expect((2 * total) / 3).toBeGreaterThanOrEqual(
          createSwarm({ weights: chosen, table: { f } }).committee.quorumWeight,
        );
      }),
      { numRuns: 40 },
    );
  });
});

describe('the cost of a check', () => {
  const counted = (): { verify: StatementVerifier; count: () => number } => {
    let count = 0;
    return {
      verify: (statement, signature) => {
        count++;
        return swarm.context.verifyStatement(statement, signature);
      },
      count: () => count,
    };
  };

  it('a certificate that is too light, of strangers or of one twice costs no signature check', () => {
    const { verify, count } = counted();
    for (const senders of [
      [0, 2],
      [0, 2, 4],
      [0, 2, 2],
    ])
      expect(
        checkCommitCertificate(swarm.committee, portableHash, swarm.commitCertificate(slot, senders), verify),
      ).toBeDefined();
    for (const senders of [[0], [0, 4], [0, LEADER]])
      expect(checkPreparedCertificate(swarm.committee, swarm.preparedCertificate(slot, senders), verify)).toBeDefined();
    expect(count()).toBe(0);
  });

  it('one that holds costs one for each signature', () => {
    const { verify, count } = counted();
    expect(
      checkCommitCertificate(swarm.committee, portableHash, swarm.commitCertificate(slot, [0, 1, 2, 3]), verify),
    ).toBeUndefined();
    expect(count()).toBe(4);
    expect(checkPreparedCertificate(swarm.committee, swarm.preparedCertificate(slot, [0, 2]), verify)).toBeUndefined();
    expect(count()).toBe(7);
  });
});

it('no certificate holds with any single bit of any signature changed', () => {
  const certificate = swarm.commitCertificate(slot, [0, 2, 3]);
  fc.assert(
    fc.property(fc.nat(2), fc.nat(63), fc.nat(7), (which, byte, bit) => {
      const vote = certificate.signatures[which]!;
      const signature = vote.signature.with(byte, vote.signature[byte]! ^ (1 << bit));
      const signatures = certificate.signatures.with(which, { ...vote, signature });
      expect(commit({ ...certificate, signatures })).toBe(unsigned(vote.sender, 'commit certificate'));
    }),
  );
});
