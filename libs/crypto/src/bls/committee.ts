import { memberBits, membersOfBits, type MemberIndex, type VoteSignature } from '@concordat/protocol';
import type { PublicKey, Signature } from '@chainsafe/blst';
import { textKey } from '../bytes';
import { blst, readSignature, readSummand } from './point';
import { isReserved, readProvenKey } from './possession';
import { isBlsRefusal, refuse, type BlsPart, type BlsRefusal } from './refusal';

/** A member's public key for BLS, and the proof that it was not made from others' keys. */
export interface BlsMember {
  /** 48 bytes. */
  readonly publicKey: Uint8Array;
  /** 96 bytes. Without it the committee is refused. */
  readonly possession: Uint8Array | undefined;
}

/** One signature for all who signed one message. */
export interface BlsAggregate {
  /** Who signed: member i is bit i % 8, lowest first, of byte i / 8; the last byte is never 0. */
  readonly signers: Uint8Array;
  /** 96 bytes: the sum of their signatures. */
  readonly signature: Uint8Array;
}

/** A member's signature as a point; whether it holds is another question. */
interface Contribution {
  readonly sender: MemberIndex;
  readonly key: PublicKey;
  readonly signature: Signature;
}

type PointReader = (bytes: Uint8Array, sender: MemberIndex) => Signature | BlsRefusal;

const readPartial: PointReader = (bytes, sender) => readSignature(bytes, 'signature', sender);

/**
 * The keys of a committee, checked once, and all that is checked with them.
 *
 * Aggregates are sound only over keys whose owners have proven possession. Therefore nothing here takes a public key: one gets
 * in through `loadBlsCommittee` alone. Weights and quorums are the caller's work. None of the methods throws for what a peer sent.
 */
export interface BlsCommittee {
  /** Members, by index 0 to n - 1. */
  readonly n: number;
  /** Checks one member's signature; undefined when it holds. */
  verify(message: Uint8Array, partial: VoteSignature): BlsRefusal | undefined;
  /**
   * Adds up signatures of one message, in any order. Each must be a member's, and a point of the curve. Whether they hold, and have
   * the right order, is left to `verifyAggregate`, which costs the same for all as for one: whoever aggregates must ask it. If it
   * refuses, `findBad` says whose fault it is.
   */
  aggregate(partials: readonly VoteSignature[]): BlsAggregate | BlsRefusal;
  /** Checks an aggregate; the signers, ascending, when it holds: whoever of them is honest has signed the message. */
  verifyAggregate(message: Uint8Array, aggregate: BlsAggregate): readonly MemberIndex[] | BlsRefusal;
  /**
   * The signatures to leave out, each with its reason: what cannot be read or counted first, then what does not hold. The first
   * in a member's name is the one that counts. What is left adds up to an aggregate that holds (unless the keys left cancel
   * out, and then one owner has them all); whose signature holds is never named for it. Signatures of colluding members that are
   * wrong one by one but right together may stay: the aggregate cannot tell. Halves what does not hold: about 2b log2(k / b) checks for b bad among k, never more than 2k - 1.
   */
  findBad(message: Uint8Array, partials: readonly VoteSignature[]): readonly BlsRefusal[];
}

/**
 * Reads a committee's keys, in the order of the table. Refuses a key that is no point of order r, one without a valid proof of
 * possession, and one that two members have: a proof can be copied together with its key, and the copier would vote with
 * whoever it copied. Costs one verification per member.
 */
export function loadBlsCommittee(members: readonly BlsMember[]): BlsCommittee | BlsRefusal {
  const keys: PublicKey[] = [];
  const owners = new Map<string, number>();
  for (const [index, { publicKey, possession }] of members.entries()) {
    const member = index as MemberIndex;
    const key = readProvenKey(publicKey, possession, member);
    if (isBlsRefusal(key)) return key;
    const name = textKey(publicKey);
    const owner = owners.get(name);
    if (owner !== undefined) return refuse('duplicate_key', 'public key', `is that of member ${String(owner)}`, member);
    owners.set(name, index);
    keys.push(key);
  }
  return new LoadedCommittee(keys);
}

class LoadedCommittee implements BlsCommittee {
  readonly n: number;

  constructor(private readonly keys: readonly PublicKey[]) {
    this.n = keys.length;
  }

  verify(message: Uint8Array, partial: VoteSignature): BlsRefusal | undefined {
    const contribution = this.read(partial, readPartial);
    if (isBlsRefusal(contribution)) return contribution;
    return holds(message, [contribution]) ? undefined : doesNotHold(contribution);
  }

  aggregate(partials: readonly VoteSignature[]): BlsAggregate | BlsRefusal {
    const { contributions, refusals } = this.readAll(partials, readSummand);
    const [refusal] = refusals;
    if (refusal !== undefined) return refusal;
    if (contributions.length === 0) return noSigners();
    const signers = contributions.map(({ sender }) => sender).sort((a, b) => a - b);
    return { signers: memberBits(signers), signature: sum(contributions).toBytes() };
  }

  verifyAggregate(message: Uint8Array, aggregate: BlsAggregate): readonly MemberIndex[] | BlsRefusal {
    const signers = this.signersOf(aggregate.signers);
    if (isBlsRefusal(signers)) return signers;
    const signature = readSignature(aggregate.signature, 'aggregate');
    if (isBlsRefusal(signature)) return signature;
    const keys = signers.map((signer) => this.keys[signer] as PublicKey);
    if (verifies(message, keys, signature)) return signers;
    return refuse('bad_signature', 'aggregate', 'does not hold for its signers and the message');
  }

  findBad(message: Uint8Array, partials: readonly VoteSignature[]): readonly BlsRefusal[] {
    const { contributions, refusals } = this.readAll(partials, readPartial);
    if (contributions.length === 0 || holds(message, contributions)) return refusals;
    return [...refusals, ...withinBad(message, contributions).map(doesNotHold)];
  }

  /** A canonical set of at least one member. */
  private signersOf(bits: Uint8Array): readonly MemberIndex[] | BlsRefusal {
    const end = bits.at(-1);
    if (end === undefined) return noSigners();
    if (end === 0) return refuse('bad_bitmap', 'aggregate', 'its set of signers ends with an empty byte');
    // From the last byte alone: a set that is far too long is not walked through.
    const last = 8 * (bits.length - 1) + (31 - Math.clz32(end));
    return last < this.n ? membersOfBits(bits) : this.stranger('aggregate', last);
  }

  private readAll(
    partials: readonly VoteSignature[],
    readPoint: PointReader,
  ): {
    readonly contributions: readonly Contribution[];
    readonly refusals: readonly BlsRefusal[];
  } {
    const contributions: Contribution[] = [];
    const refusals: BlsRefusal[] = [];
    const seen = new Set<MemberIndex>();
    for (const partial of partials) {
      const { sender } = partial;
      const read = seen.has(sender)
        ? refuse('signer_twice', 'signature', 'another stands in its name already', sender)
        : this.read(partial, readPoint);
      seen.add(sender);
      if (isBlsRefusal(read)) refusals.push(read);
      else contributions.push(read);
    }
    return { contributions, refusals };
  }

  private read({ sender, signature }: VoteSignature, readPoint: PointReader): Contribution | BlsRefusal {
    const key = this.keys[sender];
    if (key === undefined) return this.stranger('signature', sender);
    const point = readPoint(signature, sender);
    return isBlsRefusal(point) ? point : { sender, key, signature: point };
  }

  private stranger(part: BlsPart, signer: number): BlsRefusal {
    const what = `signer ${String(signer)} is not one of ${String(this.n)} members`;
    return refuse('not_a_member', part, what, signer as MemberIndex);
  }
}

const noSigners = (): BlsRefusal => refuse('no_signers', 'aggregate', 'nobody signed');

const doesNotHold = ({ sender }: Contribution): BlsRefusal =>
  refuse('bad_signature', 'signature', 'does not hold for the message', sender);

const sum = (contributions: readonly Contribution[]): Signature =>
  blst().aggregateSignatures(contributions.map(({ signature }) => signature));

/** FastAggregateVerify of draft-irtf-cfrg-bls-signature §3.3.4: keys and signature were validated when they were read. */
const verifies = (message: Uint8Array, keys: PublicKey[], signature: Signature): boolean =>
  !isReserved(message) && blst().fastAggregateVerify(message, keys, signature, false);

const holds = (message: Uint8Array, contributions: readonly Contribution[]): boolean =>
  verifies(
    message,
    contributions.map(({ key }) => key),
    sum(contributions),
  );

/** Those to leave out of contributions that together do not hold. */
function withinBad(message: Uint8Array, bad: readonly Contribution[]): readonly Contribution[] {
  if (bad.length === 1) return bad;
  const middle = bad.length >> 1;
  return [bad.slice(0, middle), bad.slice(middle)].flatMap((half) =>
    holds(message, half) ? [] : withinBad(message, half),
  );
}
