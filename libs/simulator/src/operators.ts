import {
  approve,
  encodeSystemRequest,
  provenKey,
  type Approval,
  type Evidence,
  type Operation,
  type ReplicaState,
} from '@concordat/consensus';
import { encodeEvidence } from '@concordat/records';
import {
  equalBytes,
  toBase64Url,
  type Committee,
  type Envelope,
  type Epochs,
  type Millis,
  type NodeId,
} from '@concordat/protocol';
import { nodeName, nodeNumber } from './epoch-history';
import type { SimulatedKey } from './key-scheme';
import type { NodeKeys } from './node-keys';
import type { Random } from './random';
import type { Change } from './schedule';
import type { StubSignatures } from './stub-keys';

/** What whoever asks for a change sees of the swarm before: the state of one node. */
export interface Outlook {
  readonly committee: Committee;
  readonly state: ReplicaState;
  /** A proof against the node that the change is about; undefined for none. */
  readonly evidence: Evidence | undefined;
}

/** Bytes that prove nothing. */
const WORTHLESS = Uint8Array.of(1);
/** A deadline that no simulated run reaches. */
const FAR_MS = 100_000;

/**
 * People with keys: an operator, and members that agree among themselves. They ask for changes of the members as the
 * operators' tools do; whether a change is made is the swarm's affair.
 */
export class Operators {
  private readonly publicKey: Uint8Array;
  private envelopeNonce = 0n;
  private readonly nonces = { operator: 0, members: 0 };

  constructor(
    private readonly random: Random,
    private readonly signatures: StubSignatures,
    /** The key that the table names. */
    private readonly operator: SimulatedKey,
    client: SimulatedKey,
    private readonly nodes: readonly NodeKeys[],
    private readonly history: Epochs,
  ) {
    this.publicKey = signatures.addClient(client);
  }

  /** The request for a change, signed by whoever wants it. */
  envelopeOf(change: Change, outlook: Outlook, now: number): Envelope {
    const operation = this.operationOf(change, outlook);
    const value = encodeSystemRequest({ operation, approvals: this.approvalsOf(change, operation, outlook.committee) });
    const expiresAt = (Math.floor(now) + FAR_MS) as Millis;
    return this.signatures.signEnvelope({
      signer: { kind: 'client', publicKey: this.publicKey },
      firstNonce: ++this.envelopeNonce,
      requests: [
        { value, category: 'system', priority: 'critical', proposer: '', metadata: new Uint8Array(0), expiresAt },
      ],
    });
  }

  private operationOf(change: Change, outlook: Outlook): Operation {
    const nonce = ++this.nonces[change.by];
    const node_id = nodeName(change.node);
    switch (change.kind) {
      case 'join':
        return { kind: 'join', nonce, ...this.newKey(change, outlook) };
      case 'rotate':
        return { kind: 'rotate', nonce, ...this.newKey(change, outlook) };
      case 'leave':
        return { kind: 'leave', nonce, node_id, ...(change.f === undefined ? {} : { f: change.f }) };
      case 'reputation':
        return { kind: 'reputation', nonce, node_id, behavior_score: change.score, reason: 'observed' };
      case 'isolate': {
        const { evidence } = outlook;
        const proof = toBase64Url(evidence === undefined ? WORTHLESS : encodeEvidence(evidence));
        return { kind: 'isolate', nonce, node_id, proof };
      }
      case 'release':
        return { kind: 'release', nonce, node_id };
    }
  }

  private newKey(change: Extract<Change, { kind: 'join' | 'rotate' }>, { committee, state }: Outlook) {
    const { publicKey, secret } = this.keyFor(change);
    const nodeId: NodeId = nodeName(change.node);
    const claim = { epoch: committee.epoch, stableSequence: state.stable, nodeId, publicKey };
    return provenKey(this.signatures.swarm, claim, (bytes) => this.signatures.signBytes({ publicKey, secret }, bytes));
  }

  /** A key that has stood in no table yet; with `oldKey` the one that the node began with, wherever that stood. */
  private keyFor({ node, oldKey }: Extract<Change, { kind: 'join' | 'rotate' }>): SimulatedKey {
    const keys = this.nodes[node];
    if (keys === undefined) throw new RangeError(`no node ${String(node)}`);
    if (oldKey === true) return keys.first;
    const { newest } = keys;
    const wasUsed = this.history.all.some(({ table }) =>
      table.members.some(({ publicKey }) => equalBytes(publicKey, newest.publicKey)),
    );
    if (!wasUsed) return newest;
    const taken = keys.take();
    this.signatures.add(taken);
    return taken;
  }

  private approvalsOf({ by }: Change, operation: Operation, committee: Committee): Approval[] {
    const approval = (key: SimulatedKey): Approval =>
      approve(this.signatures.swarm, operation, key.publicKey, (bytes) => this.signatures.signBytes(key, bytes));
    if (by === 'operator') return [approval(this.operator)];
    const keys = committee.indexesInOrder.flatMap((place) => this.keyAt(committee, place) ?? []);
    // Sometimes too few: nothing comes of it then.
    const count = this.random.chance(0.85) ? keys.length : this.random.between(1, keys.length);
    return this.random.shuffled(keys).slice(0, count).map(approval);
  }

  private keyAt(committee: Committee, place: number): SimulatedKey | undefined {
    const name = committee.table.members[place]?.nodeId;
    const node = name === undefined ? undefined : nodeNumber(name);
    return node === undefined ? undefined : this.nodes[node]?.in(committee);
  }
}
