import {
  checkContent,
  committeeOf,
  contradict,
  Epochs,
  isRejection,
  portableHash,
  seal,
  ZERO_DIGEST,
  type Authentic,
  type Committee,
  type Draft,
  type MemberIndex,
  type Millis,
  type Sequence,
  type Signed,
  type Verified,
} from '@concordat/protocol';
import { epochToResume } from '../ledger';
import { createReplica } from '../create-replica';
import {
  NOTHING_RECOVERED,
  type Address,
  type DurableRecord,
  type Effect,
  type Recovered,
  type Replica,
  type WaitingEnvelope,
} from '../replica';
import { DEFAULT_REPLICA_CONFIG, type ReplicaConfig } from '../replica-config';
import { testCommittee, testJudge } from '../testing/driver';
import { Node } from './node';

export { Node } from './node';

const stub = (sender: MemberIndex): Uint8Array => Uint8Array.from({ length: 64 }, () => sender + 1);

/** True when a message may pass; called for each receiver. */
export type Filter = (from: number, to: number, message: Signed) => boolean;

/** Real replicas, a network that obeys a filter, virtual time in steps of 1 ms. Deterministic. */
export class Cluster {
  readonly committee: Committee;
  readonly nodes: Node[] = [];
  readonly config: ReplicaConfig;
  now = 1000;
  filter: Filter = () => true;
  /** What a member, honest or not, really sends; its signature is not looked at. */
  rewrite: (from: number, to: number, message: Signed) => Signed = (_from, _to, message) => message;
  /** Hosts ask replica.admit before they check a signature; a schedule can switch that off. */
  useAdmit = true;
  /** How many times as long a member's timers take. */
  slowness: (index: number) => number = () => 1;
  /** Milliseconds that a message takes. */
  delay: (from: number, to: number, message: Signed) => number = () => 1;
  private readonly wire: { due: number; from: number; to: number; message: Signed }[] = [];

  constructor(
    n: number,
    options: {
      committee?: Committee;
      config?: Partial<ReplicaConfig>;
      dead?: readonly number[];
      twinOf?: readonly number[];
      /** Nodes beyond the members: they follow, and may join. */
      observers?: number;
    } = {},
  ) {
    this.committee = options.committee ?? testCommittee(n);
    this.config = { ...DEFAULT_REPLICA_CONFIG, ...options.config };
    for (let index = 0; index < n + (options.observers ?? 0); index++) {
      const node = new Node(index, this.committee);
      this.nodes.push(node);
      if (options.dead?.includes(index) === true) node.up = false;
      else this.boot(node, NOTHING_RECOVERED);
    }
    for (const member of options.twinOf ?? []) {
      const twin = new Node(this.nodes.length, this.committee, member);
      this.nodes.push(twin);
      this.boot(twin, NOTHING_RECOVERED);
    }
  }

  node(index: number): Node {
    const node = this.nodes[index];
    if (node === undefined) throw new Error(`no node ${String(index)}`);
    return node;
  }

  sealAs(sender: number, draft: Draft): Signed {
    return seal(
      {
        hash: portableHash,
        epoch: this.committee.epoch,
        sender: sender as MemberIndex,
        sign: ({ sender: by }) => stub(by),
      },
      draft,
    );
  }

  crash(index: number): void {
    const node = this.node(index);
    node.up = false;
    node.timers.clear();
    node.drainDue = false;
  }

  restart(index: number, tornTail = false): void {
    const node = this.node(index);
    const of = <K extends DurableRecord['kind']>(kind: K): Extract<DurableRecord, { kind: K }>[] =>
      node.records.filter((record): record is Extract<DurableRecord, { kind: K }> => record.kind === kind);
    const state = of('state').at(-1);
    node.up = true;
    node.crashBefore = undefined;
    node.epochs = new Epochs(portableHash, this.committee.table);
    for (const { change } of of('epoch')) node.epochs.add(change);
    node.committee = epochToResume(node.epochs, state?.state);
    const { epoch, table } = node.committee;
    const here = (sequence: number): boolean => sequence > table.baseSequence;
    this.boot(node, {
      state: state === undefined ? undefined : { sequence: state.sequence, bytes: state.state },
      stable: of('stable')
        .map((record) => record.certificate)
        .findLast(({ sequence }) => here(sequence)),
      votes: node.votes.filter((vote) => vote.epoch === epoch),
      batches: of('batch').filter(({ sequence }) => here(sequence)),
      prepared: of('prepared')
        .map((record) => record.certificate)
        .filter(({ sequence }) => here(sequence)),
      newViews: of('newView')
        .map((record) => record.message)
        .filter((message) => message.epoch === epoch),
      decided: node.blocks.filter((block) => block.sequence > (state?.sequence ?? 0)),
      proposals: of('proposal')
        .map((record) => record.message)
        .filter((message) => message.epoch === epoch),
      locked: of('lock')
        .filter((record) => record.epoch === epoch)
        .at(-1)?.locked,
      abstained: of('abstention')
        .filter((record) => record.epoch === epoch)
        .at(-1)?.through,
      evidence: [],
      tornTail,
    });
  }

  /** A member's log begins a new file, and all older ones go. */
  rotate(index: number): void {
    const node = this.node(index);
    const { records, votes } = node.replica.base();
    node.records.splice(0, Number.POSITIVE_INFINITY, ...records);
    node.votes.splice(0, Number.POSITIVE_INFINITY, ...votes);
  }

  /** Drops decisions from a member's disk: all that are stable but the newest `keep`. */
  prune(index: number, keep = 0): void {
    const node = this.node(index);
    const { executed, stable } = node.replica.state();
    const oldest = Math.max(node.oldest, Math.min(executed, stable) + 1 - keep);
    node.oldest = oldest;
    this.step(node, { kind: 'retained', at: this.now as Millis, oldest: oldest as Sequence });
  }

  submit(index: number, envelope: Authentic): void {
    this.step(this.node(index), { kind: 'submit', at: this.now as Millis, envelope });
  }

  /** Puts a message on the wire to one member, at once, past the filter. */
  inject(to: number, message: Signed): void {
    this.deliver(to, message);
  }

  /** Lets `ms` pass. */
  run(ms: number): this {
    for (const end = this.now + ms; this.now < end; this.now++) {
      const due = this.wire.filter((packet) => packet.due <= this.now);
      for (const packet of due) this.wire.splice(this.wire.indexOf(packet), 1);
      for (const { to, message } of due) this.deliver(to, message);
      for (const node of this.nodes) {
        for (const [timer, at] of [...node.timers]) {
          if (!node.up || at > this.now || node.timers.get(timer) !== at) continue;
          node.timers.delete(timer);
          this.step(node, { kind: 'timer', at: this.now as Millis, timer });
        }
        if (node.up && node.drainDue) {
          node.drainDue = false;
          this.step(node, { kind: 'drained', at: this.now as Millis });
        }
      }
    }
    return this;
  }

  /** Throws when two members executed different batches at one sequence. */
  checkAgreement(honest: (node: Node) => boolean = () => true): void {
    const seen = new Map<number, string>();
    for (const node of this.nodes.filter(honest)) {
      for (const { sequence, certificate } of node.blocks) {
        const earlier = seen.get(sequence);
        if (earlier !== undefined && earlier !== certificate.digest)
          throw new Error(`two decisions at ${String(sequence)}`);
        seen.set(sequence, certificate.digest);
      }
    }
  }

  /** Throws when a member sealed two statements that no honest member seals both, in whichever life. */
  checkPromises(honest: (node: Node) => boolean = () => true): void {
    for (const node of this.nodes.filter(honest)) {
      const first = new Map<string, Signed>();
      for (const vote of node.sealed) {
        const { kind, epoch, view, sequence } = vote;
        const ofView = kind === 'proposal' || kind === 'vote' || kind === 'timeout';
        const place = [kind, epoch, view, ofView ? '' : sequence].join(' ');
        const earlier = first.get(place);
        if (earlier !== undefined && contradict(earlier, vote)) throw new Error(`${node.nodeId} seals two of ${place}`);
        first.set(place, earlier ?? vote);
      }
    }
  }

  executed(): number[] {
    return this.nodes.map((node) => (node.effects.length > 0 || node.up ? node.replica.state().executed : -1));
  }

  views(): string[] {
    return this.nodes.map((node) => {
      if (!node.up) return 'down';
      const { view, promisedView } = node.replica.state();
      return `${String(view)}/${String(promisedView)}`;
    });
  }

  private boot(node: Node, recovered: Recovered, waiting: readonly WaitingEnvelope[] = []): void {
    node.timers.clear();
    node.replica = createReplica({
      swarmId: ZERO_DIGEST,
      epochs: node.epochs,
      committee: node.committee,
      self: node.self,
      nodeId: node.nodeId,
      hash: portableHash,
      judge: testJudge,
      config: this.config,
      recovered,
      waiting,
    });
    const at = this.now as Millis;
    if (node.oldest > 1) this.step(node, { kind: 'retained', at, oldest: node.oldest as Sequence });
    this.step(node, { kind: 'start', at });
  }

  /** The next epoch begins on a node with what the last one left. */
  private succeed(node: Node, { change, state, stable }: Extract<Effect, { kind: 'epochEnded' }>): void {
    const committee = node.epochs.of(change.table.epoch);
    if (committee === undefined) throw new Error('an epoch ends with the table of the next');
    node.committee = committee;
    const waiting = node.replica.waiting();
    const proofs = node.replica.base().records.filter((record) => record.kind === 'evidence');
    const evidence = proofs.map((record) => record.evidence);
    this.boot(node, { ...NOTHING_RECOVERED, state, stable, evidence }, waiting);
  }

  private seal(node: Node, draft: Draft): Signed {
    const { self, committee } = node;
    const sealer = { hash: portableHash, epoch: committee.epoch, sender: self, sign: () => stub(self) };
    return seal(sealer, draft);
  }

  private deliver(to: number, message: Signed): void {
    const node = this.node(to);
    if (!node.up) return;
    const { committee, epochs } = node;
    const judge = committeeOf(epochs, committee, message);
    const context = { committee, epochs, hash: portableHash, verifyStatement: () => true, verifyEnvelope: () => true };
    const refused = isRejection(judge)
      ? judge
      : ((this.useAdmit ? node.replica.admit(message) : undefined) ?? checkContent(context, message));
    if (isRejection(refused)) return;
    this.step(node, { kind: 'message', at: this.now as Millis, message: message as Verified });
  }

  private step(node: Node, event: Parameters<Replica['step']>[0]): void {
    if (!node.up) return;
    const own: Signed[] = [];
    const { replica } = node;
    for (const effect of replica.step(event)) {
      if (node.crashBefore?.(effect) === true) {
        this.crash(node.index);
        return;
      }
      node.effects.push(effect);
      this.perform(node, effect, own);
    }
    if (event.kind !== 'drained') node.drainDue = true;
    for (const message of own)
      if (node.replica === replica)
        this.step(node, { kind: 'message', at: this.now as Millis, message: message as Verified });
  }

  private perform(node: Node, effect: Effect, own: Signed[]): void {
    switch (effect.kind) {
      case 'persist':
        node.records.push(effect.record);
        break;
      case 'vote': {
        const message = this.seal(node, effect.draft);
        node.votes.push(message);
        node.sealed.push(message);
        own.push(message);
        if (effect.to === undefined) this.broadcast(node.index, message);
        else if (effect.to !== node.self) this.post(node.index, effect.to, message);
        break;
      }
      case 'broadcast':
        this.broadcast(node.index, this.seal(node, effect.draft));
        break;
      case 'send':
        this.post(node.index, effect.to, this.seal(node, effect.draft));
        break;
      case 'forward':
        this.post(node.index, effect.to, effect.message);
        break;
      case 'supply':
        for (const { sequence, batch, certificate } of node.blocks) {
          if (sequence < node.oldest || sequence < effect.from || sequence > effect.through) continue;
          this.post(
            node.index,
            effect.to,
            this.seal(node, { kind: 'decided', view: certificate.view, sequence, batch, certificate }),
          );
        }
        break;
      case 'startTimer':
        node.timers.set(effect.timer, this.now + Math.ceil(effect.delayMs * this.slowness(node.index)));
        break;
      case 'cancelTimer':
        node.timers.delete(effect.timer);
        break;
      case 'commit':
        node.blocks.push(effect.block);
        break;
      case 'installed':
        node.installs.push(effect);
        node.oldest = effect.sequence + 1;
        break;
      case 'accuse':
        node.accused.push(effect.evidence);
        break;
      case 'epochEnded':
        this.succeed(node, effect);
        break;
      case 'halt':
        throw new Error(`${node.nodeId} halts: ${effect.reason}`);
      default:
        break;
    }
  }

  private broadcast(from: number, message: Signed): void {
    const { nodeId } = this.node(from);
    for (const node of this.nodes) if (node.nodeId !== nodeId) this.toNode(from, node.index, message);
  }

  /** To a member: to it and to its twins. */
  private post(from: number, to: Address, message: Signed): void {
    const receiver = typeof to === 'number' ? this.node(from).committee.member(to)?.nodeId : to;
    for (const node of this.nodes) if (node.nodeId === receiver) this.toNode(from, node.index, message);
  }

  private toNode(from: number, to: number, message: Signed): void {
    if (!this.filter(from, to, message)) return;
    this.wire.push({
      due: this.now + this.delay(from, to, message),
      from,
      to,
      message: this.rewrite(from, to, message),
    });
  }
}
