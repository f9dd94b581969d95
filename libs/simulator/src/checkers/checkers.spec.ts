import type { CommittedBlock, Evidence, Replica, ReplicaState } from '@concordat/consensus';
import {
  createBatch,
  NULL_DIGEST,
  type Batch,
  type Digest,
  type MemberIndex,
  type Millis,
  type Sequence,
  type Signed,
  type View,
  type VoteSignature,
} from '@concordat/protocol';
import { CALM, Cluster, quickHash, Random, START, Workload } from '../index';
import type { Append } from '../disk';
import { AgreementChecker } from './agreement';
import { BlockIndex } from './blocks';
import { CertificatesChecker } from './certificates';
import { ConductChecker } from './conduct';
import { DurabilityChecker } from './durability';
import { EvidenceChecker } from './evidence';
import { PromisesChecker } from './promises';
import { RequestsChecker } from './requests';
import { StatesChecker } from './states';

const [A, B] = ['a', 'b'].map((digit) => digit.repeat(64)) as [Digest, Digest];
const member = (index: number): MemberIndex => index as MemberIndex;

const cluster = new Cluster(1, CALM);
const workload = new Workload(quickHash, new Random(1), cluster.signatures, START, CALM.workload);

const block = (sequence: number, digest: Digest, batch?: Batch, outcomes: number[] = []): CommittedBlock => ({
  sequence: sequence as Sequence,
  batch,
  certificate: {
    view: 0 as View,
    sequence: sequence as Sequence,
    digest,
    signatures: [0, 1, 2].map((sender) => ({ sender: member(sender), signature: new Uint8Array(32) })),
  },
  logTime: START,
  outcomes: Uint8Array.from(outcomes),
  headDigest: digest,
  changes: [],
});

const batchOf = (...envelopes: Batch['envelopes'][number][]): Batch => createBatch(quickHash, START, envelopes);

const vote = (
  kind: 'prePrepare' | 'prepare' | 'commit' | 'viewChange',
  view: number,
  digest: Digest,
  sequence = 1,
): Signed =>
  ({
    kind,
    epoch: 0,
    view,
    sequence: kind === 'viewChange' ? 0 : sequence,
    digest,
    sender: 1,
    signature: new Uint8Array(32),
    prepared: [],
    batch: undefined,
  }) as unknown as Signed;

const durable = (message: Signed): Append => ({ kept: { kind: 'vote', message }, bytes: new Uint8Array(0) });
const replicaAt = (executed: number, headDigest: Digest): Replica =>
  ({ state: () => ({ executed, headDigest }) as unknown as ReplicaState }) as Replica;

/** Collects the names of the rules that a story breaks. */
function broken(story: (blame: (rule: string) => void) => void): string[] {
  const rules: string[] = [];
  story((rule) => void rules.push(rule));
  return rules;
}

describe('AgreementChecker', () => {
  it.each([
    {
      name: 'another digest',
      story: [
        [1, A],
        [1, B, 2],
      ],
      rules: ['agreement'],
    },
    {
      name: 'a skipped sequence',
      story: [
        [1, A],
        [3, A],
      ],
      rules: ['prefix'],
    },
    {
      name: 'a repeated sequence',
      story: [
        [1, A],
        [1, A],
      ],
      rules: ['prefix'],
    },
    {
      name: 'the same at two members',
      story: [
        [1, A],
        [1, A, 2],
        [2, B],
        [2, B, 2],
      ],
      rules: [],
    },
  ] as { name: string; story: [number, Digest, number?][]; rules: string[] }[])('$name', ({ story, rules }) => {
    const found = broken((blame) => {
      const checker = new AgreementChecker(blame);
      for (const [sequence, digest, by] of story) checker.executed(member(by ?? 1), block(sequence, digest));
    });
    expect(found).toEqual(rules);
  });

  it.each([
    { name: 'a restart with another head', executed: 1, head: B, decided: [1], rules: ['prefix'] },
    { name: 'a restart beyond everyone', executed: 2, head: A, decided: [1, 2], rules: ['prefix'] },
    { name: 'a restart that lost a durable decision', executed: 0, head: A, decided: [1], rules: ['prefix'] },
    { name: 'a restart where it was', executed: 1, head: A, decided: [1], rules: [] },
  ])('$name', ({ executed, head, decided, rules }) => {
    const found = broken((blame) => {
      const checker = new AgreementChecker(blame);
      checker.executed(member(1), block(1, A));
      checker.started(member(1), replicaAt(executed, head), decided);
    });
    expect(found).toEqual(rules);
  });
});

describe('PromisesChecker', () => {
  const stories: { name: string; tell: (checker: PromisesChecker) => void; rules: string[] }[] = [
    {
      name: 'two contents in one slot',
      tell: (checker) => {
        checker.sealed(member(1), vote('prepare', 0, A));
        checker.sealed(member(1), vote('prepare', 0, B));
      },
      rules: ['one-vote'],
    },
    {
      name: 'another content after a crash that lost nothing',
      tell: (checker) => {
        checker.sealed(member(1), vote('commit', 0, A));
        checker.durable(member(1), [durable(vote('commit', 0, A))]);
        checker.stopped(member(1));
        checker.sealed(member(1), vote('commit', 0, B));
      },
      rules: ['one-vote'],
    },
    {
      name: 'another content after a crash that lost the first',
      tell: (checker) => {
        checker.sealed(member(1), vote('prepare', 0, A));
        checker.stopped(member(1));
        checker.sealed(member(1), vote('prepare', 0, B));
      },
      rules: [],
    },
    {
      name: 'a late COMMIT below a promised view',
      tell: (checker) => {
        checker.sealed(member(1), vote('viewChange', 1, A));
        checker.durable(member(1), [durable(vote('viewChange', 1, A))]);
        checker.stopped(member(1));
        checker.sealed(member(1), vote('commit', 0, A));
      },
      rules: ['promised-view'],
    },
    {
      name: 'sent before it is durable',
      tell: (checker) => {
        checker.sealed(member(1), vote('prepare', 0, A));
        checker.sent(member(1), member(2), vote('prepare', 0, A));
      },
      rules: ['durable-first'],
    },
  ];
  it.each(stories)('$name', ({ tell, rules }) => {
    expect(broken((blame) => tell(new PromisesChecker(blame, cluster.history)))).toEqual(rules);
  });
});

describe('DurabilityChecker', () => {
  it('a COMMIT without batch and certificate, and an acknowledgement that rests on it', () => {
    const found = broken((blame) => {
      const checker = new DurabilityChecker(
        blame,
        (index) => index === 1,
        cluster.history,
        quickHash,
        new BlockIndex(),
      );
      checker.sent(member(1), member(2), vote('commit', 0, A));
      checker.acknowledged(member(2), block(1, A));
    });
    expect(found).toEqual(['durable-content', 'acknowledged']);
  });

  it('a COMMIT with both', () => {
    const certificate = {
      view: 0 as View,
      sequence: 1 as Sequence,
      digest: NULL_DIGEST,
      leaderSignature: new Uint8Array(0),
      signatures: [],
    };
    const found = broken((blame) => {
      const checker = new DurabilityChecker(
        blame,
        (index) => index === 1,
        cluster.history,
        quickHash,
        new BlockIndex(),
      );
      checker.durable(member(1), [
        { kept: { kind: 'record', record: { kind: 'prepared', certificate } }, bytes: new Uint8Array(0) },
      ]);
      checker.sent(member(1), member(2), vote('commit', 0, NULL_DIGEST));
      checker.acknowledged(member(2), block(1, NULL_DIGEST));
    });
    expect(found).toEqual([]);
  });
});

describe('RequestsChecker', () => {
  const genuine = workload.ofGateway(member(0), 0, 'x');
  const rows: { name: string; blocks: CommittedBlock[]; rules: string[] }[] = [
    { name: 'once', blocks: [block(1, A, batchOf(genuine), [0])], rules: [] },
    {
      name: 'twice',
      blocks: [block(1, A, batchOf(genuine), [0]), block(2, B, batchOf(genuine), [0])],
      rules: ['exactly-once'],
    },
    {
      name: 'a repetition that counts as duplicate',
      blocks: [block(1, A, batchOf(genuine), [0]), block(2, B, batchOf(genuine), [1])],
      rules: [],
    },
    { name: 'outcomes for nobody', blocks: [block(1, A, batchOf(genuine), [0, 0])], rules: ['validity'] },
    { name: 'signed by nobody', blocks: [block(1, A, batchOf({ ...genuine, id: B }), [0])], rules: ['validity'] },
  ];
  it.each(rows)('$name', ({ blocks, rules }) => {
    const found = broken((blame) => {
      const checker = new RequestsChecker(blame, (envelope) => cluster.signatures.isGenuine(envelope));
      for (const next of blocks) checker.executed(member(1), next);
    });
    expect(found).toEqual(rules);
  });
});

describe('ConductChecker', () => {
  const statement = {
    kind: 'prepare',
    epoch: cluster.committee.epoch,
    view: 0 as View,
    sequence: 1 as Sequence,
    digest: A,
    sender: member(2),
  } as const;
  const { sign } = cluster.signatures.sealerOf(member(2));
  const first = { statement, signature: sign(statement) };
  const other = { ...statement, digest: B };
  const second = { statement: other, signature: sign(other) };
  const { verifyStatement } = cluster.signatures;
  const { table } = cluster.committee;

  it.each([
    { name: 'a proof against a liar', liar: 2, evidence: { first, second }, rules: [] },
    { name: 'a proof against a correct member', liar: 3, evidence: { first, second }, rules: ['framing'] },
    { name: 'no proof', liar: 2, evidence: { first, second: first }, rules: ['evidence'] },
    {
      name: 'a forged signature',
      liar: 2,
      evidence: { first, second: { ...second, signature: first.signature } },
      rules: ['evidence'],
    },
  ])('$name', ({ liar, evidence, rules }) => {
    const found = broken((blame) => {
      const checker = new ConductChecker(blame, (index) => index !== liar, verifyStatement, cluster.history);
      checker.accused(member(1), { kind: 'equivocation', accused: member(2), ...evidence });
    });
    expect(found).toEqual(rules);
  });

  it('too many slots, and a promise that is taken back', () => {
    const state = {
      slots: 3 * table.windowSize + 1,
      peers: [],
      view: 1,
      promisedView: 1,
      logTime: 0 as Millis,
    } as unknown as ReplicaState;
    const found = broken((blame) => {
      const checker = new ConductChecker(blame, () => true, verifyStatement, cluster.history);
      checker.inspected(member(1), state);
      checker.inspected(member(1), { ...state, slots: 0, view: 0 as View, promisedView: 0 as View });
    });
    expect(found).toEqual(['bounds', 'views']);
  });

  it('a pool beyond its bound, and peers that are no members', () => {
    const state = { slots: 0, view: 0, promisedView: 0, poolEnvelopes: 3, poolBytes: 10, peers: [] };
    const found = broken((blame) => {
      const limits = { poolEnvelopesMax: 2, poolBytesMax: 100 };
      const checker = new ConductChecker(blame, () => true, verifyStatement, cluster.history, limits);
      checker.inspected(member(1), state as unknown as ReplicaState);
      checker.inspected(member(1), { ...state, poolEnvelopes: 2, poolBytes: 101 } as unknown as ReplicaState);
      checker.inspected(member(1), { ...state, poolEnvelopes: 2, peers: [1, 2, 3, 4, 5] } as unknown as ReplicaState);
      checker.inspected(member(1), { ...state, poolEnvelopes: 2 } as unknown as ReplicaState);
    });
    expect(found).toEqual(['bounds', 'bounds', 'bounds']);
  });
});

describe('CertificatesChecker', () => {
  const { committee, signatures } = cluster;
  const signed = (kind: 'commit' | 'prepare' | 'prePrepare', sender: number, digest = A): VoteSignature => {
    const statement = { kind, epoch: committee.epoch, view: 0 as View, sequence: 1 as Sequence, digest };
    const { sign } = signatures.sealerOf(member(sender));
    return { sender: member(sender), signature: sign({ ...statement, sender: member(sender) }) };
  };
  const commits = (...senders: number[]): VoteSignature[] => senders.map((sender) => signed('commit', sender));
  const certified = (votes: readonly VoteSignature[]): CommittedBlock => {
    const plain = block(1, A);
    return { ...plain, certificate: { ...plain.certificate, signatures: votes } };
  };
  const check = (story: (checker: CertificatesChecker) => void): string[] =>
    broken((blame) =>
      story(
        new CertificatesChecker(blame, cluster.history, quickHash, (...vote) => signatures.verifyStatement(...vote)),
      ),
    );

  it.each([
    { name: 'a quorum', votes: commits(0, 1, 2), rules: [] },
    { name: 'one too few', votes: commits(0, 1), rules: ['certificate'] },
    { name: 'one counted twice', votes: commits(0, 1, 1), rules: ['certificate'] },
    { name: 'a vote for something else', votes: [...commits(0, 1), signed('commit', 2, B)], rules: ['certificate'] },
    { name: 'another phase', votes: [...commits(0, 1), signed('prepare', 2)], rules: ['certificate'] },
    {
      name: 'a stranger',
      votes: [...commits(0, 1), { ...signed('commit', 2), sender: member(9) }],
      rules: ['certificate'],
    },
  ])('decides by $name', ({ votes, rules }) => {
    expect(check((checker) => checker.executed(member(1), certified(votes)))).toEqual(rules);
  });

  it('a certificate of another sequence', () => {
    const rules = check((checker) =>
      checker.executed(member(1), { ...certified(commits(0, 1, 2)), sequence: 2 as Sequence }),
    );
    expect(rules).toEqual(['certificate']);
  });

  it.each([
    { name: 'the leader and two others', leader: 0, votes: [1, 2], rules: [] },
    { name: 'the leader twice', leader: 0, votes: [0, 1], rules: ['certificate'] },
    { name: 'a leader that is none', leader: 1, votes: [1, 2], rules: ['certificate'] },
  ])('is prepared by $name', ({ leader, votes, rules }) => {
    const certificate = {
      view: 0 as View,
      sequence: 1 as Sequence,
      digest: A,
      leaderSignature: signed('prePrepare', leader).signature,
      signatures: votes.map((sender) => signed('prepare', sender)),
    };
    const append: Append = {
      kept: { kind: 'record', record: { kind: 'prepared', certificate } },
      bytes: new Uint8Array(0),
    };
    expect(check((checker) => checker.durable(member(1), [append]))).toEqual(rules);
  });
});

describe('StatesChecker', () => {
  const checkpoint = (sequence: number, digest: Digest): Signed =>
    ({ kind: 'checkpoint', sequence, digest, content: { stateDigest: digest } }) as unknown as Signed;

  it('two states after one sequence', () => {
    const found = broken((blame) => {
      const checker = new StatesChecker(blame);
      checker.sealed(member(0), checkpoint(4, A));
      checker.sealed(member(1), checkpoint(8, B));
      checker.sealed(member(2), checkpoint(4, A));
      checker.sealed(member(3), checkpoint(4, B));
    });
    expect(found).toEqual(['state-digest']);
  });
});

describe('EvidenceChecker', () => {
  const of = (kind: Parameters<typeof vote>[0], view: number, digest: Digest): Signed => vote(kind, view, digest);
  const proof = (kind: 'prepare'): Evidence =>
    ({
      kind: 'equivocation',
      accused: 1,
      first: { statement: { kind, epoch: 0, sender: 1 } },
      second: {},
    }) as unknown as Evidence;
  const finish = (story: (checker: EvidenceChecker) => void): string[] =>
    broken((blame) => {
      const checker = new EvidenceChecker(blame, cluster.history);
      story(checker);
      checker.finish();
    });

  it.each([
    { name: 'two contents in one slot', votes: [of('prepare', 1, A), of('prepare', 1, B)], rules: ['evidence-owed'] },
    { name: 'one content twice', votes: [of('prepare', 1, A), of('prepare', 1, A)], rules: [] },
    { name: 'two views', votes: [of('prepare', 1, A), of('prepare', 2, B)], rules: [] },
    { name: 'two kinds', votes: [of('prepare', 1, A), of('commit', 1, B)], rules: [] },
    { name: 'an older view asked for twice', votes: [of('viewChange', 2, A), of('viewChange', 1, B)], rules: [] },
    {
      name: 'one view asked for twice',
      votes: [of('viewChange', 2, A), of('viewChange', 2, B)],
      rules: ['evidence-owed'],
    },
  ])('$name', ({ votes, rules }) => {
    const found = finish((checker) => {
      for (const message of votes) checker.received(member(0), message);
    });
    expect(found).toEqual(rules);
  });

  it.each([
    { name: 'a proof', rules: [], act: (checker: EvidenceChecker) => checker.found(member(0), proof('prepare')) },
    {
      name: "another member's proof",
      rules: ['evidence-owed'],
      act: (checker: EvidenceChecker) => checker.found(member(2), proof('prepare')),
    },
    { name: 'a crash', rules: [], act: (checker: EvidenceChecker) => checker.stopped(member(0)) },
    {
      name: 'a vote that was not taken',
      rules: [],
      act: (checker: EvidenceChecker) => checker.refused(member(0), of('prepare', 1, B), 'future_view'),
    },
    {
      name: 'a refusal as conflicting',
      rules: ['evidence-owed'],
      act: (checker: EvidenceChecker) => checker.refused(member(0), of('prepare', 1, B), 'conflicting_proposal'),
    },
  ])('two contents, and $name', ({ act, rules }) => {
    const found = finish((checker) => {
      checker.received(member(0), of('prepare', 1, A));
      checker.received(member(0), of('prepare', 1, B));
      act(checker);
    });
    expect(found).toEqual(rules);
  });

  it('a durable proof outlasts the process', () => {
    const kept: Append = {
      kept: { kind: 'record', record: { kind: 'evidence', evidence: proof('prepare') } },
      bytes: new Uint8Array(0),
    };
    const story = (append: readonly Append[]) => (checker: EvidenceChecker) => {
      checker.durable(member(0), append);
      checker.stopped(member(0));
      checker.received(member(0), of('prepare', 2, A));
      checker.received(member(0), of('prepare', 2, B));
    };
    expect(finish(story([kept]))).toEqual([]);
    expect(finish(story([]))).toEqual(['evidence-owed']);
  });
});
