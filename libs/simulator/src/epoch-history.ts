import {
  Epochs,
  type Committee,
  type Epoch,
  type EpochChange,
  type EpochTable,
  type Hash,
  type MemberIndex,
  type NodeId,
  type Sequence,
  type Statement,
} from '@concordat/protocol';

const NODE_NAME = /^node-(\d{1,6})$/;

/** Name of the simulated node with that number. */
export const nodeName = (number: number): NodeId => `node-${String(number)}` as NodeId;

/** Number of the simulated node with that name; undefined for a name that none has. */
export function nodeNumber(name: string): MemberIndex | undefined {
  const digits = NODE_NAME.exec(name)?.[1];
  return digits === undefined ? undefined : (Number(digits) as MemberIndex);
}

/**
 * The epochs that the swarm went through, as far as any node has seen one end: what checkers judge by, outside of all nodes.
 *
 * A node's number is its place in the first epoch; those beyond the first members follow. Places change with the tables, so
 * whoever looks at a message or certificate asks here who its signer was.
 */
export class EpochHistory {
  readonly epochs: Epochs;
  private readonly numbers = new Map<Epoch, readonly (MemberIndex | undefined)[]>();

  constructor(hash: Hash, genesis: EpochTable) {
    this.epochs = new Epochs(hash, genesis);
  }

  /** Takes in the end of an epoch; false when it leads to another table than somebody has seen before. */
  learn(change: EpochChange, next: Committee): boolean {
    this.epochs.add(change);
    return this.epochs.of(next.epoch)?.hash === next.hash;
  }

  /** The node behind a place in an epoch; undefined for none. */
  nodeAt(epoch: Epoch, place: MemberIndex): MemberIndex | undefined {
    let numbers = this.numbers.get(epoch);
    if (numbers === undefined) {
      const committee = this.epochs.of(epoch);
      if (committee === undefined) return undefined;
      numbers = committee.table.members.map(({ nodeId }) => nodeNumber(nodeId));
      this.numbers.set(epoch, numbers);
    }
    return numbers[place];
  }

  /** The node that a statement names as its sender. */
  senderOf({ epoch, sender }: Pick<Statement, 'epoch' | 'sender'>): MemberIndex | undefined {
    return this.nodeAt(epoch, sender);
  }

  /** The node behind a signer of what was decided or certified at a sequence. */
  signerAt(sequence: Sequence, place: MemberIndex): MemberIndex | undefined {
    return this.nodeAt(this.epochs.at(sequence).epoch, place);
  }

  /** Last sequence of an epoch; undefined while nobody has seen it end. */
  endOf(epoch: Epoch): Sequence | undefined {
    return this.epochs.of((epoch + 1) as Epoch)?.table.baseSequence;
  }
}

/** Last sequence before the epoch that a statement is of. */
export const baseOf = (history: EpochHistory, { epoch }: Pick<Statement, 'epoch'>): number =>
  history.epochs.of(epoch)?.table.baseSequence ?? 0;
