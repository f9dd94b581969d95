import type { Committee, Hash, MemberIndex, Sealer, Statement } from '@concordat/protocol';

/**
 * Signatures of messages that never become bytes: each holds a number, under which the register knows the statement that
 * it is for. One statement has one signature, whoever of the twins makes it. Only a member's own process signs as that
 * member, so they are as good as unforgeable; and none costs a hash.
 */
export class RegisteredSignatures {
  private readonly numbers = new Map<string, number>();
  private readonly statements: Statement[] = [];

  constructor(
    private readonly committee: Committee,
    private readonly hash: Hash,
  ) {}

  /** Signs as one member. */
  sealerOf(sender: MemberIndex): Sealer {
    const { committee, hash } = this;
    return { hash, epoch: committee.epoch, sender, sign: (statement) => octetsOf(this.numberOf(statement)) };
  }

  /** True for the signature of this statement. */
  readonly verify = (statement: Statement, signature: Uint8Array): boolean => {
    const signed = this.statements[numberIn(signature)];
    return (
      signed?.kind === statement.kind &&
      signed.epoch === statement.epoch &&
      signed.view === statement.view &&
      signed.sequence === statement.sequence &&
      signed.digest === statement.digest &&
      signed.sender === statement.sender
    );
  };

  private numberOf(statement: Statement): number {
    const { kind, epoch, view, sequence, digest, sender } = statement;
    const text = `${kind} ${String(epoch)} ${String(view)} ${String(sequence)} ${digest} ${String(sender)}`;
    const known = this.numbers.get(text);
    if (known !== undefined) return known;
    this.numbers.set(text, this.statements.length);
    return this.statements.push(statement) - 1;
  }
}

/** Four octets, the lowest first. */
const octetsOf = (number: number): Uint8Array => Uint8Array.of(number, number >>> 8, number >>> 16, number >>> 24);

const numberIn = (octets: Uint8Array): number => octets.reduceRight((number, octet) => (number << 8) | octet, 0);
