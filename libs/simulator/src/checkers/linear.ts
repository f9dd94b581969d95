import type { CommittedBlock } from '@concordat/consensus';
import {
  blockDigest,
  rootOf,
  type BlockReference,
  type Digest,
  type Epoch,
  type Hash,
  type MemberIndex,
  type Sequence,
  type Signed,
} from '@concordat/protocol';
import type { Append } from '../append';
import type { EpochHistory } from '../epoch-history';
import { statementText } from '../trace-text';
import type { Blame, Checker, Seat } from '../watch';
import type { BlockIndex } from './blocks';
import { leaderOf, tooLight } from './weights';

/** What a member's votes have bound it to in one epoch. */
interface Grip {
  readonly locked: BlockReference;
  /** Highest view of a certificate that it voted on top of. */
  readonly justified: number;
}

interface Grips {
  /** By what is durable, over all lives. */
  durable: Grip;
  /** By what was signed in this life too: a crash undoes the rest, for nobody has seen it. */
  sealed: Grip;
}

/**
 * The rules of HotStuff (Spec §4), from outside: it sees all blocks and all votes of correct members, and computes locks on its
 * own. In no view two blocks could be certified, were all faulty members to vote for both; nobody votes against its lock, or
 * for what nobody proposed; leaders propose in their views only; votes go to the next leader and to nobody else; and a
 * TIMEOUT hides no certificate that its sender voted on.
 */
export class LinearChecker implements Checker {
  private readonly seats = new Map<MemberIndex, Seat>();
  private readonly grips = new Map<MemberIndex, Map<Epoch, Grips>>();
  /** Places of correct voters, by "epoch view", then by block. */
  private readonly votes = new Map<string, Map<Digest, Set<MemberIndex>>>();
  /** The block that was decided at a sequence. */
  private readonly decided = new Map<Sequence, Digest>();

  constructor(
    private readonly blame: Blame,
    private readonly hash: Hash,
    private readonly history: EpochHistory,
    private readonly blocks: BlockIndex,
    private readonly isCorrect: (member: MemberIndex) => boolean,
  ) {}

  began(member: MemberIndex, seat: Seat): void {
    this.seats.set(member, seat);
  }

  stopped(member: MemberIndex): void {
    for (const grips of this.grips.get(member)?.values() ?? []) grips.sealed = grips.durable;
  }

  sealed(member: MemberIndex, message: Signed): void {
    switch (message.kind) {
      case 'vote':
        this.checkVote(member, message);
        this.tighten(member, message, ['sealed']);
        break;
      case 'timeout': {
        const { justified } = this.of(member, message.epoch).sealed;
        if (message.highest.view < justified) {
          const text = `${statementText(message)} names view ${String(message.highest.view)}`;
          this.blame('hidden-certificate', member, `${text}, and its votes stand on view ${String(justified)}`);
        }
        break;
      }
      case 'proposal':
        if (!this.leads(member, message, message.view))
          this.blame('leader', member, `${statementText(message)} in a view that another one leads`);
        break;
      default:
    }
  }

  sent(member: MemberIndex, to: MemberIndex, message: Signed): void {
    if (message.kind !== 'vote' || this.history.senderOf(message) !== member) return;
    if (!this.leads(to, message, message.view + 1))
      this.blame('vote-path', member, `sent ${statementText(message)} to member ${String(to)}`);
  }

  durable(member: MemberIndex, appends: readonly Append[]): void {
    for (const { kept } of appends) {
      if (kept.kind === 'vote' && kept.message.kind === 'vote') {
        this.count(member, kept.message);
        this.tighten(member, kept.message, ['durable']);
      }
      if (kept.kind === 'decision') this.commit(member, kept.block, ['durable', 'sealed']);
    }
  }

  executed(member: MemberIndex, block: CommittedBlock): void {
    const digest = this.digestOf(block);
    if (digest === undefined) return;
    const first = this.decided.get(block.sequence) ?? digest;
    this.decided.set(block.sequence, first);
    if (first !== digest)
      this.blame('agreement', member, `decided block ${digest} at ${String(block.sequence)}, others ${first}`);
    this.commit(member, block, ['sealed']);
  }

  private checkVote(member: MemberIndex, vote: Signed): void {
    const block = this.blocks.get(vote.digest);
    if (block?.view !== vote.view || block.sequence !== vote.sequence || block.epoch !== vote.epoch) {
      this.blame('lock', member, `signed ${statementText(vote)}, which is no block that anybody proposed`);
      return;
    }
    const { locked } = this.of(member, vote.epoch).sealed;
    if (block.parent.view > locked.view || this.blocks.extends(block.parent, locked) === true) return;
    const lock = `block ${locked.digest} of view ${String(locked.view)}`;
    this.blame('lock', member, `signed ${statementText(vote)} on view ${String(block.parent.view)}, locked on ${lock}`);
  }

  private count(member: MemberIndex, { epoch, view, digest, sender }: Signed): void {
    const committee = this.history.epochs.of(epoch);
    if (committee === undefined) return;
    const key = `${String(epoch)} ${String(view)}`;
    const votes = this.votes.get(key) ?? new Map<Digest, Set<MemberIndex>>();
    this.votes.set(key, votes);
    const voters = votes.get(digest) ?? new Set();
    votes.set(digest, voters.add(sender));
    if (votes.size < 2) return;
    const faulty = committee.indexesInOrder.filter((place) => {
      const node = this.history.nodeAt(epoch, place);
      return node === undefined || !this.isCorrect(node);
    });
    const certified = [...votes].filter(([, places]) => tooLight(committee, [...places, ...faulty]) === undefined);
    if (certified.length > 1)
      this.blame(
        'two-quorums',
        member,
        `blocks ${certified.map(([block]) => block).join(' and ')} of view ${String(view)}`,
      );
  }

  /** What a vote binds its member to. */
  private tighten(member: MemberIndex, { epoch, digest }: Signed, where: readonly (keyof Grips)[]): void {
    const block = this.blocks.get(digest);
    if (block === undefined) return;
    const grips = this.of(member, epoch);
    const lock = this.blocks.lockedBy(block);
    for (const place of where) {
      const { locked, justified } = grips[place];
      grips[place] = {
        locked: lock !== undefined && lock.view > locked.view ? lock : locked,
        justified: Math.max(justified, block.parent.view),
      };
    }
  }

  /** What is decided holds at least as fast as what was locked before. */
  private commit(member: MemberIndex, block: CommittedBlock, where: readonly (keyof Grips)[]): void {
    const digest = this.digestOf(block);
    const seat = this.seats.get(member);
    if (digest === undefined || seat === undefined) return;
    const { view } = block.certificate;
    const grips = this.of(member, seat.committee.epoch);
    for (const place of where)
      if (view > grips[place].locked.view) grips[place] = { ...grips[place], locked: { view, digest } };
  }

  /** The digest of a decided block; undefined for a decision without one. */
  private digestOf({ certificate: { view, sequence, digest: batch, chain } }: CommittedBlock): Digest | undefined {
    return chain === undefined ? undefined : blockDigest(this.hash, { view, sequence, parent: chain.parent, batch });
  }

  private leads(node: MemberIndex, { epoch }: Signed, view: number): boolean {
    const committee = this.history.epochs.of(epoch);
    return committee !== undefined && this.history.nodeAt(epoch, leaderOf(committee, view as Signed['view'])) === node;
  }

  private of(member: MemberIndex, epoch: Epoch): Grips {
    const ofMember = this.grips.get(member) ?? new Map<Epoch, Grips>();
    this.grips.set(member, ofMember);
    let grips = ofMember.get(epoch);
    if (grips === undefined) {
      const committee = this.history.epochs.of(epoch);
      const root = { view: 0 as Signed['view'], digest: '' as Digest };
      const none: Grip = { locked: committee === undefined ? root : rootOf(this.hash, committee), justified: 0 };
      grips = { durable: none, sealed: none };
      ofMember.set(epoch, grips);
    }
    return grips;
  }
}
