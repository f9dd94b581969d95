import type { CommittedBlock } from '@concordat/consensus';
import {
  Committee,
  Epochs,
  type Authentic,
  type Digest,
  type Epoch,
  type EpochChange,
  type MemberIndex,
  type Sequence,
  type Signed,
  type View,
} from '@concordat/protocol';
import { EpochHistory } from '../epoch-history';
import { CALM, Cluster, quickHash, Random, START, Workload } from '../index';
import type { Seat } from '../watch';
import { AdmissionsChecker } from './admissions';
import { BlockIndex } from './blocks';
import { CertificatesChecker } from './certificates';
import { EpochsChecker } from './epochs';

const A = 'a'.repeat(64) as Digest;
const member = (index: number): MemberIndex => index as MemberIndex;

const cluster = new Cluster(1, CALM);
const workload = new Workload(quickHash, new Random(1), cluster.signatures, START, CALM.workload);

/** Collects the names of the rules that a story breaks. */
function broken(story: (blame: (rule: string) => void) => void): string[] {
  const rules: string[] = [];
  story((rule) => void rules.push(rule));
  return rules;
}

describe('EpochsChecker', () => {
  const { committee, history } = cluster;
  const seat = { committee, self: member(1) };
  const check = (story: (checker: EpochsChecker) => void, isCorrect = true): string[] =>
    broken((blame) => {
      const checker = new EpochsChecker(blame, history, () => isCorrect, new BlockIndex());
      checker.began(member(1), seat);
      story(checker);
    });
  const by = (sender: number, sequence: number, epoch = 0): Signed =>
    ({ kind: 'commit', view: 0, sequence, digest: A, sender, epoch }) as unknown as Signed;
  const next = (isolated: boolean): EpochChange => ({
    certificate: {} as EpochChange['certificate'],
    table: {
      ...committee.table,
      epoch: 1 as Epoch,
      baseSequence: 12 as Sequence,
      members: committee.table.members.map((one, index) => ({ ...one, isolated: isolated && index === 2 })),
    },
  });
  const led = (change: EpochChange): Epochs => {
    const epochs = new Epochs(quickHash, committee.table);
    epochs.add(change);
    return epochs;
  };

  it.each([
    { name: 'a vote in its place', story: [by(1, 12)], rules: [] },
    { name: "a vote under another's place", story: [by(2, 12)], rules: ['epochs'] },
    { name: 'a vote of an observer', story: [by(0xffff, 12)], rules: ['epochs'] },
    { name: 'a vote in another epoch', story: [by(1, 14, 1)], rules: ['epochs'] },
  ])('$name', ({ story, rules }) => {
    expect(check((checker) => story.forEach((message) => checker.sealed(member(1), message)))).toEqual(rules);
  });

  it('a vote beyond the end, found when the end becomes known', () => {
    const own = new EpochHistory(quickHash, committee.table);
    const found = broken((blame) => {
      const checker = new EpochsChecker(blame, own, () => true, new BlockIndex());
      checker.began(member(1), seat);
      checker.sealed(member(1), by(1, 13));
      checker.ended(member(2), next(false), led(next(false)));
    });
    expect(found).toEqual(['epochs']);
  });

  it('two tables for one epoch, and somebody correct who is isolated', () => {
    const own = new EpochHistory(quickHash, committee.table);
    const found = broken((blame) => {
      const checker = new EpochsChecker(blame, own, () => true, new BlockIndex());
      checker.ended(member(2), next(false), led(next(false)));
      checker.ended(member(3), next(true), led(next(true)));
    });
    expect(found).toEqual(['epochs', 'framing']);
  });
});

describe('CertificatesChecker under weights and isolation', () => {
  const certified = (weights: readonly number[], isolated: readonly number[], ...signers: number[]): string[] => {
    const members = cluster.committee.table.members.map((one, index) => ({
      ...one,
      weight: weights[index] ?? 1,
      isolated: isolated.includes(index),
    }));
    const history = new EpochHistory(quickHash, { ...cluster.committee.table, members, weightedVoting: true });
    const signatures = signers.map((sender) => ({ sender: member(sender), signature: new Uint8Array(32) }));
    const certificate = { view: 0 as View, sequence: 1 as Sequence, digest: A, signatures };
    const block = { sequence: 1 as Sequence, certificate } as unknown as CommittedBlock;
    return broken((blame) => {
      const checker = new CertificatesChecker(blame, history, quickHash, () => true);
      checker.executed(member(1), block);
    });
  };

  it.each([
    { name: 'more than half the weight, too light', weights: [5, 5, 5, 1], isolated: [], signers: [0, 1], wrong: true },
    { name: 'a quorum by weight', weights: [5, 5, 5, 1], isolated: [], signers: [0, 1, 2], wrong: false },
    { name: 'one of them isolated', weights: [1, 1, 1, 1], isolated: [2], signers: [0, 1, 2], wrong: true },
    { name: 'a quorum beside one isolated', weights: [1, 1, 1, 1], isolated: [3], signers: [0, 1, 2], wrong: false },
  ])('$name', ({ weights, isolated, signers, wrong }) => {
    expect(certified(weights, isolated, ...signers)).toEqual(wrong ? ['certificate'] : []);
  });
});

describe('AdmissionsChecker', () => {
  const seatIn = (epoch: number, self: number): Seat => ({
    committee: new Committee({ ...cluster.committee.table, epoch: epoch as Epoch }, quickHash),
    self: member(self),
  });
  const owed = (act: (checker: AdmissionsChecker) => void): number => {
    const checker = new AdmissionsChecker();
    checker.began(member(1), seatIn(0, 1));
    checker.admitted(member(1), workload.ofClient(0, { client: 0, text: 'owed' }) as Authentic);
    act(checker);
    return checker.open(() => false).length;
  };

  it.each([
    { name: 'stays', act: () => undefined, count: 1 },
    { name: 'goes on in the next epoch', act: (c: AdmissionsChecker) => c.began(member(1), seatIn(1, 1)), count: 1 },
    { name: 'leaves', act: (c: AdmissionsChecker) => c.began(member(1), seatIn(1, 0xffff)), count: 0 },
    { name: 'crashes', act: (c: AdmissionsChecker) => c.stopped(member(1)), count: 0 },
  ])('a member that $name', ({ act, count }) => expect(owed(act)).toBe(count));
});
