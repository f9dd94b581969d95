import {
  Epochs,
  OBSERVER,
  portableHash,
  type Committee,
  type MemberIndex,
  type NodeId,
  type Signed,
} from '@concordat/protocol';
import type { CommittedBlock, DurableRecord, Effect, Evidence, Replica, TimerId } from '../replica';

/** One member with its disk: everything is durable at once, and survives `crash`. */
export class Node {
  readonly nodeId: NodeId;
  replica!: Replica;
  epochs: Epochs;
  /** Of the epoch that it is in. */
  committee: Committee;
  up = true;
  readonly votes: Signed[] = [];
  /** All that it ever sealed, also what is gone from its disk. */
  readonly sealed: Signed[] = [];
  readonly records: DurableRecord[] = [];
  readonly blocks: CommittedBlock[] = [];
  readonly accused: Evidence[] = [];
  readonly effects: Effect[] = [];
  /** States that it took over. */
  readonly installs: Extract<Effect, { kind: 'installed' }>[] = [];
  /** Decisions below are no longer on its disk. */
  oldest = 1;
  readonly timers = new Map<TimerId, number>();
  drainDue = false;
  /** Stops the process at that effect of that kind, before it happens. */
  crashBefore: ((effect: Effect) => boolean) | undefined;
  constructor(
    readonly index: number,
    genesis: Committee,
    /** Which member it is: a twin runs with another node's key. */
    member = index,
  ) {
    this.nodeId = `node-${String(member)}` as NodeId;
    this.epochs = new Epochs(portableHash, genesis.table);
    this.committee = genesis;
  }

  /** Its place in the epoch that it is in. */
  get self(): MemberIndex {
    return this.committee.indexOf(this.nodeId) ?? OBSERVER;
  }
}
