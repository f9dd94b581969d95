import {
  memberIndex,
  sequence as sequenceOf,
  view as viewOf,
  type CommitCertificate,
  type QuorumCertificate,
  type Signed,
  type TimeoutCertificate,
  type VoteSignature,
} from '@concordat/protocol';
import type { Opener } from './opener';
import { someDigest, TestSwarm } from './testing/swarm';
import { counting, openCode } from './testing/verdicts';

const swarm = new TestSwarm();
const drafts = swarm.drafts();
const messages = swarm.messages();

describe('certificates inside', () => {
  const at = { sequence: 1, digest: messages.batch.batch.digest };
  const good = swarm.commitCertificate([0, 1, 3], at);
  const decided = (signatures: readonly VoteSignature[]): Signed =>
    swarm.seal(2, { ...drafts.decided.draft, certificate: { ...good, signatures } });
  const commits = (...senders: readonly number[]): readonly VoteSignature[] => swarm.votes('commit', senders, at);
  const viewChange = (...senders: readonly number[]): Signed => {
    const prepared = [swarm.preparedCertificate(senders, { ...at, view: 0, sequence: 9 })];
    return swarm.seal(3, { ...drafts.viewChange.draft, prepared });
  };
  const stable = (...senders: readonly number[]): Signed =>
    swarm.seal(3, { ...drafts.viewChange.draft, stable: swarm.checkpointCertificate(senders, 8), prepared: [] });
  const newView = (senders: readonly number[], entrySigner: number): Signed => {
    const viewChanges = senders.map((sender) => ({ sender: memberIndex(sender), digest: someDigest('view-change') }));
    return swarm.seal(1, { ...drafts.newView.draft, viewChanges }, (statement) =>
      swarm.member(statement.kind === 'prePrepare' ? entrySigner : 1).signStatement(statement),
    );
  };
  const borrowed = good.signatures.map((vote) => ({ ...vote, signature: good.signatures[0]!.signature }));
  const rows = [
    { name: 'a commit certificate of Q', message: decided(commits(0, 1, 3)), code: 'accepted' },
    { name: 'a commit certificate of Q - 1', message: decided(commits(0, 1)), code: 'bad_certificate' },
    { name: 'a commit certificate of nobody', message: decided([]), code: 'bad_certificate' },
    { name: 'a signer that stands twice', message: decided(commits(0, 1, 1)), code: 'malformed' },
    { name: 'signers that do not ascend', message: decided(commits(3, 1, 0)), code: 'malformed' },
    { name: 'a signer that is no member', message: decided(commits(1, 2, 4)), code: 'bad_certificate' },
    { name: "signers with another's signature", message: decided(borrowed), code: 'bad_certificate' },
    {
      name: 'PREPAREs in place of COMMITs',
      message: decided(swarm.votes('prepare', [1, 2, 3], at)),
      code: 'bad_certificate',
    },
    {
      name: 'COMMITs for another digest',
      message: decided(swarm.votes('commit', [0, 1, 2], { sequence: 1 })),
      code: 'bad_certificate',
    },
    { name: 'a prepared certificate of the leader and Q - 1', message: viewChange(1, 2), code: 'accepted' },
    { name: 'a prepared certificate of the leader and Q - 2', message: viewChange(1), code: 'bad_certificate' },
    { name: 'a prepared certificate that counts the leader twice', message: viewChange(0, 1), code: 'bad_certificate' },
    { name: 'a checkpoint certificate of Q', message: stable(1, 2, 3), code: 'accepted' },
    { name: 'a checkpoint certificate of Q - 1', message: stable(1, 2), code: 'bad_certificate' },
    { name: 'a NEW-VIEW over Q', message: newView([0, 1, 2], 1), code: 'accepted' },
    { name: 'a NEW-VIEW over Q - 1', message: newView([0, 1], 1), code: 'bad_certificate' },
    { name: 'a NEW-VIEW with an entry that another signed', message: newView([0, 1, 2], 2), code: 'bad_certificate' },
  ];
  it.each(rows)('$name: $code', ({ message, code }) => expect(openCode(swarm.opener(), message)).toBe(code));
});

describe('a vote that was verified', () => {
  const at = { view: 0, sequence: 9, digest: someDigest('batch') };
  const later = (view: number, senders: readonly number[] = [1, 2]): Signed => {
    const prepared = [swarm.preparedCertificate(senders, at)];
    return swarm.seal(3, { ...drafts.viewChange.draft, stable: undefined, view: viewOf(view), prepared });
  };

  /** An opener, and how many signatures it has checked. */
  function watched(): { readonly opener: Opener; readonly checks: () => number } {
    const { suite, checks } = counting();
    return { opener: swarm.opener({ suite }), checks };
  }

  it('is not verified again in a certificate: a flood of VIEW-CHANGEs costs one check each', () => {
    const { opener, checks } = watched();
    expect(openCode(opener, later(1))).toBe('accepted');
    const first = checks();
    expect(first).toBe(1 + 3);
    for (let view = 2; view < 12; view++) expect(openCode(opener, later(view))).toBe('accepted');
    expect(checks()).toBe(first + 10);
  });

  it('is known from when it came alone', () => {
    const { opener, checks } = watched();
    for (const sender of [1, 2])
      expect(
        openCode(opener, swarm.seal(sender, { kind: 'prepare', ...at, view: viewOf(0), sequence: sequenceOf(9) })),
      ).toBe('accepted');
    expect(openCode(opener, later(1))).toBe('accepted');
    expect(checks()).toBe(2 + 1 + 1);
  });

  it('vouches for nothing else: neither for another signature nor for another slot, phase or sender', () => {
    const { opener } = watched();
    expect(openCode(opener, later(1))).toBe('accepted');
    const [certificate] = [swarm.preparedCertificate([1, 2], at)];
    const forged = [
      { ...certificate, digest: someDigest('other') },
      { ...certificate, sequence: sequenceOf(10) },
      { ...certificate, leaderSignature: certificate.signatures[0]!.signature },
      {
        ...certificate,
        signatures: certificate.signatures.map(({ sender }, index) => ({
          sender,
          signature: certificate.signatures[1 - index]!.signature,
        })),
      },
      {
        ...certificate,
        signatures: [certificate.signatures[0]!, { ...certificate.signatures[1]!, sender: memberIndex(3) }],
      },
    ];
    for (const prepared of forged) {
      const message = swarm.seal(3, {
        ...drafts.viewChange.draft,
        stable: undefined,
        view: viewOf(2),
        prepared: [prepared],
      });
      expect(openCode(opener, message)).toBe('bad_certificate');
    }
  });

  it('is remembered in bounded number: thousands of others push it out, and it is verified again', () => {
    const { opener, checks } = watched();
    expect(openCode(opener, later(1))).toBe('accepted');
    const { n, table } = swarm.committee;
    const room = 6 * n * table.windowSize;
    const signer = swarm.member(2);
    for (let index = 0; index < room; index++) {
      const statement = swarm.statement('prepare', 2, { ...at, digest: someDigest(String(index)) });
      expect(opener.verifyStatement(statement, signer.signStatement(statement))).toBe(true);
    }
    const before = checks();
    expect(openCode(opener, later(2))).toBe('accepted');
    expect(checks()).toBe(before + 1 + 3);
  });
});

describe('in the linear engine', () => {
  const linear = new TestSwarm('ed25519', 4, 'linear', 'hotstuff');
  const said = linear.drafts();
  const block = { view: 5, sequence: 9, digest: someDigest('block') };
  const highest = { view: viewOf(5), digest: block.digest };
  const batch = said.batch.draft.batch;
  const place = { view: 1, sequence: 1, digest: batch.digest };
  const decided = (certificate: Partial<CommitCertificate>): Signed =>
    linear.seal(2, {
      ...said.decided.draft,
      certificate: { ...linear.chainCertificate([0, 1, 3], place), ...certificate },
    });
  const sync = (justify: QuorumCertificate, timeouts: TimeoutCertificate): Signed =>
    linear.seal(2, { ...said.syncInfo.draft, justify, timeouts });
  const justify = linear.quorumCertificate([0, 1, 3], block);
  const timeouts = linear.timeoutCertificate([1, 2, 3], 7, highest);
  const rows = [
    { name: 'a chain with votes of Q', message: decided({}), code: 'accepted' },
    {
      name: 'a chain with votes of Q - 1',
      message: decided(linear.chainCertificate([0, 1], place)),
      code: 'bad_certificate',
    },
    { name: 'COMMITs without a chain', message: decided({ chain: undefined as never }), code: 'malformed' },
    {
      name: 'a height near the greatest that a field holds',
      message: linear.seal(2, {
        ...said.decided.draft,
        sequence: sequenceOf(Number.MAX_SAFE_INTEGER),
        certificate: { ...linear.chainCertificate([0, 1, 3], place), sequence: sequenceOf(Number.MAX_SAFE_INTEGER) },
      }),
      code: 'bad_certificate',
    },
    { name: 'both certificates of Q', message: sync(justify, timeouts), code: 'accepted' },
    {
      name: 'a quorum certificate of Q - 1',
      message: sync(linear.quorumCertificate([0, 1], block), timeouts),
      code: 'bad_certificate',
    },
    {
      name: 'a timeout certificate of Q - 1',
      message: sync(justify, linear.timeoutCertificate([1, 2], 7, highest)),
      code: 'bad_certificate',
    },
    {
      name: 'a voter that stands twice',
      message: sync(linear.quorumCertificate([0, 1, 1], block), timeouts),
      code: 'malformed',
    },
    {
      name: 'a voter that is no member',
      message: sync(linear.quorumCertificate([0, 1, 4], block), timeouts),
      code: 'bad_certificate',
    },
    {
      name: 'votes for another block',
      message: sync({ ...justify, digest: someDigest('other') }, timeouts),
      code: 'bad_certificate',
    },
  ];
  it.each(rows)('$name: $code', ({ message, code }) => expect(openCode(linear.opener(), message)).toBe(code));

  it('votes and timeouts that came alone are not verified again in certificates', () => {
    const { suite, checks } = counting();
    const opener = linear.opener({ suite });
    for (const sender of [0, 1, 3])
      expect(
        openCode(opener, linear.seal(sender, { ...said.vote.draft, view: viewOf(5), sequence: sequenceOf(9) })),
      ).toBe('accepted');
    expect(checks()).toBe(3);
    // Three TIMEOUTs for view 8: each with a signature of its own, and all with one certificate for the view below.
    for (const sender of [1, 2, 3])
      expect(openCode(opener, linear.seal(sender, { ...said.timeout.draft, justify, timeouts }))).toBe('accepted');
    expect(checks()).toBe(3 + 3 + 3);
    const gaveUp = linear.timeoutCertificate([1, 2, 3], 8, highest);
    const next = linear.seal(2, { ...said.syncInfo.draft, view: viewOf(9), justify, timeouts: gaveUp });
    expect(openCode(opener, next)).toBe('accepted');
    expect(checks()).toBe(3 + 3 + 3 + 1);
  });

  it('a flood of TIMEOUTs over the same certificates costs one check each', () => {
    const { suite, checks } = counting();
    const opener = linear.opener({ suite });
    const flood = (): string => openCode(opener, linear.seal(1, { ...said.timeout.draft, justify, timeouts }));
    expect(flood()).toBe('accepted');
    const first = checks();
    expect(first).toBe(1 + 3 + 3);
    for (let again = 0; again < 10; again++) expect(flood()).toBe('accepted');
    // Its own signature is remembered as well: it is what a certificate will hold.
    expect(checks()).toBe(first);
  });

  it('a vote that was verified vouches for no other, and for no timeout', () => {
    const opener = linear.opener();
    expect(openCode(opener, sync(justify, timeouts))).toBe('accepted');
    const [vote] = justify.signatures;
    const [timeout] = timeouts.timeouts;
    const said = linear.statement('vote', 0, block);
    expect(opener.verifyStatement(said, vote!.signature)).toBe(true);
    for (const change of [
      { sender: memberIndex(1) },
      { view: viewOf(6) },
      { sequence: sequenceOf(10) },
      { digest: someDigest('other') },
      { kind: 'timeout' as const },
    ])
      expect(opener.verifyStatement({ ...said, ...change }, vote!.signature)).toBe(false);
    expect(opener.verifyStatement(said, timeout!.signature)).toBe(false);
  });

  it('at most as many are remembered as for PBFT', () => {
    const { suite, checks } = counting();
    const opener = linear.opener({ suite });
    const message = sync(justify, timeouts);
    expect(openCode(opener, message)).toBe('accepted');
    const { n, table } = linear.committee;
    for (let index = 0; index < 6 * n * table.windowSize; index++) {
      const other = linear.statement('vote', 2, { ...block, digest: someDigest(String(index)) });
      expect(opener.verifyStatement(other, linear.member(2).signStatement(other))).toBe(true);
    }
    const before = checks();
    expect(openCode(opener, message)).toBe('accepted');
    expect(checks()).toBe(before + 1 + 3 + 3);
  });
});
