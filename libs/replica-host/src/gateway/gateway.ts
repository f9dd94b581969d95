import type { CommittedBlock, ReplicaState } from '@concordat/consensus';
import {
  isRejection,
  proposalId,
  reject,
  type Authentic,
  type Category,
  type Envelope,
  type EnvelopeBody,
  type Millis,
  type NodeId,
  type Priority,
  type Rejection,
  type Request,
} from '@concordat/protocol';
import { requestBytes, takeWhileFitting, type PackLimits } from './envelope-packer';
import { NonceSpan } from './nonce-span';
import type { ExecutedEnvelope, Proposals, Submission } from './proposals';

/** What a caller without a key proposes. */
export interface Proposal {
  /** JSON text in UTF-8. */
  readonly value: Uint8Array;
  readonly category: Category;
  readonly priority: Priority;
  /** '' for the gateway itself. */
  readonly proposer: string;
  /** JSON object text in UTF-8; empty for none. */
  readonly metadata: Uint8Array;
  /** From now on, in log time. */
  readonly timeoutMs: number;
}

/** A proposal that is in the pool. */
export interface AcceptedProposal {
  readonly proposalId: string;
  readonly submission: Submission;
  /** Place of the request in the submission's envelope. */
  readonly requestIndex: number;
}

/** A client's envelope that is in the pool. */
export interface AcceptedEnvelope {
  /** Ids of its first and last request. */
  readonly firstId: string;
  readonly lastId: string;
  readonly submission: Submission;
}

/** What a gateway needs of its surroundings. */
export interface GatewayPorts {
  readonly now: () => Millis;
  /** Calls back when the callers of this turn of the event loop have all been heard. */
  readonly endOfTurn: (callback: () => void) => void;
  /** The first of `count` nonces in a row, durably drawn: never given out again. */
  readonly drawNonces: (count: number) => Promise<bigint>;
  readonly sign: (body: EnvelopeBody) => Authentic;
  readonly openEnvelope: (bytes: Uint8Array) => Authentic | Rejection;
  /** Says whether bytes are a JSON value that may be ordered; of an object, when one is asked for. */
  readonly isJson: (bytes: Uint8Array, shape: 'value' | 'object') => boolean;
  /** `wrong_epoch`: signed with a key that is no longer this gateway's. */
  readonly submit: (envelope: Authentic) => Promise<Rejection | undefined>;
  /** The envelope as this member executed it; undefined when it did not. */
  readonly executionOf: (envelope: Envelope) => Promise<ExecutedEnvelope | undefined>;
  readonly state: () => Pick<ReplicaState, 'view'>;
}

/** Bounds of a gateway. */
export interface GatewayLimits extends PackLimits {
  /** From the epoch table. */
  readonly nonceWindow: number;
  /** Proposals of callers without a key that may wait for their envelope. */
  readonly pendingMax: number;
}

interface Pending {
  readonly request: Request;
  readonly answer: (result: AcceptedProposal | Rejection) => void;
  readonly fail: (error: unknown) => void;
}

const full = (what: string): Rejection => reject('pool_full', what);

/**
 * Where callers come in. Those without a key share an envelope that this member signs, one signature for all that arrive in
 * the same turn of the event loop; its priority is its most urgent request's. Those with a key bring their own envelopes.
 */
export class Gateway {
  private pending: Pending[] = [];
  private packing = false;
  private readonly span: NonceSpan;

  constructor(
    private readonly self: NodeId,
    private readonly proposals: Proposals,
    private readonly limits: GatewayLimits,
    private readonly ports: GatewayPorts,
  ) {
    this.span = new NonceSpan(limits.nonceWindow);
  }

  /** Proposals that wait for their envelope. */
  get waiting(): number {
    return this.pending.length;
  }

  /** Envelopes that this gateway signed and that are not executed yet. */
  get outstanding(): number {
    return this.span.size;
  }

  /**
   * Takes a proposal of a caller without a key. Resolves when it is in this member's pool, or with the reason why not.
   * Rejects when the host has stopped or the nonce counter has failed: whether it was taken in is not known then.
   */
  propose(proposal: Proposal): Promise<AcceptedProposal | Rejection> {
    const { value, category, priority, proposer, metadata, timeoutMs } = proposal;
    const expiresAt = (this.ports.now() + timeoutMs) as Millis;
    const request: Request = { value, category, priority, proposer, metadata, expiresAt };
    if (requestBytes(request) > this.limits.requestBytesMax)
      return Promise.resolve(reject('oversized', 'the proposal is larger than an envelope of this swarm'));
    if (this.pending.length >= this.limits.pendingMax)
      return Promise.resolve(full(`${String(this.pending.length)} proposals wait at this member`));
    return new Promise((answer, fail) => {
      this.pending.push({ request, answer, fail });
      if (this.packing) return;
      this.packing = true;
      this.ports.endOfTurn(() => void this.pack());
    });
  }

  /** Takes a client's own envelope. Resolves like `propose`. */
  async submit(bytes: Uint8Array): Promise<AcceptedEnvelope | Rejection> {
    const envelope = this.ports.openEnvelope(bytes);
    if (isRejection(envelope)) return envelope;
    const unfit = this.unfit(envelope);
    if (unfit !== undefined) return unfit;
    const submission = this.proposals.open(envelope);
    const rejection = await this.ports.submit(envelope);
    const ids = { firstId: proposalId(envelope, 0), lastId: proposalId(envelope, envelope.requests.length - 1) };
    if (rejection === undefined) return { ...ids, submission };
    // A client that missed the answer asks again and gets it, as long as it is the same envelope to the last byte. One that
    // came out as expired or refused has used no nonces: it is redundant too.
    const isKnown = rejection.code === 'redundant' || rejection.code === 'nonce_used';
    const executed = isKnown ? await this.ports.executionOf(envelope) : undefined;
    // It waits already, handed in before or relayed: whoever asks again waits with it.
    if (executed === undefined && rejection.code === 'redundant') return { ...ids, submission };
    this.proposals.drop(envelope.id);
    return executed === undefined ? rejection : { ...ids, submission: { envelope, executed } };
  }

  /** A block was executed. */
  onCommitted(block: CommittedBlock): void {
    for (const { id } of block.batch?.envelopes ?? []) this.span.close(id);
  }

  /** An envelope left this member's pool without being executed: nobody hears of it here any more. */
  onDropped({ id }: Envelope): void {
    this.span.close(id);
    this.proposals.drop(id);
  }

  /** What members order without looking, a gateway looks at: whoever reads the decision could not use it. */
  private unfit({ signer, requests }: Authentic): Rejection | undefined {
    // Another member's envelope is that member's to hand in; this one could only replay it.
    if (signer.kind === 'gateway') return reject('inauthentic_request', 'signed by a gateway, not by a client');
    for (const [index, { value, metadata }] of requests.entries()) {
      if (!this.ports.isJson(value, 'value'))
        return reject('malformed', `the value of request ${String(index)} is not JSON`);
      if (metadata.length > 0 && !this.ports.isJson(metadata, 'object'))
        return reject('malformed', `the metadata of request ${String(index)} is not a JSON object`);
    }
    return undefined;
  }

  /** Signs for everyone who waits, envelope after envelope: nonces must be handed in as they were drawn. */
  private async pack(): Promise<void> {
    while (this.pending.length > 0) {
      const count = takeWhileFitting(
        this.pending.map(({ request }) => request),
        this.limits,
      );
      const group = this.pending.splice(0, count);
      await this.signFor(group);
    }
    this.packing = false;
  }

  private async signFor(group: readonly Pending[]): Promise<void> {
    const refuse = (rejection: Rejection): void => group.forEach(({ answer }) => answer(rejection));
    const noRoom = full(`${String(this.span.size)} envelopes of this gateway are not decided yet`);
    try {
      if (!this.span.hasRoomFor(group.length, this.ports.now())) {
        refuse(noRoom);
        return;
      }
      const firstNonce = await this.ports.drawNonces(group.length);
      if (!this.span.admits(firstNonce, group.length, this.ports.now())) {
        refuse(noRoom);
        return;
      }
      const acceptedView = this.ports.state().view;
      const requests = group.map(({ request }) => request);
      const envelope = this.ports.sign({
        signer: { kind: 'gateway', nodeId: this.self, acceptedView },
        firstNonce,
        requests,
      });
      this.handIn(envelope, group);
    } catch (error) {
      group.forEach(({ fail }) => fail(error));
    }
  }

  private handIn(envelope: Authentic, group: readonly Pending[]): void {
    this.span.open(envelope);
    const submission = this.proposals.open(envelope);
    this.ports.submit(envelope).then(
      (rejection) => {
        if (rejection !== undefined) this.onDropped(envelope);
        if (rejection?.code === 'wrong_epoch') {
          this.signAnew(envelope, group);
          return;
        }
        for (const [requestIndex, { answer }] of group.entries())
          answer(rejection ?? { proposalId: proposalId(envelope, requestIndex), submission, requestIndex });
      },
      (error: unknown) => {
        this.onDropped(envelope);
        group.forEach(({ fail }) => fail(error));
      },
    );
  }

  /** The key that signed it went out of office on the way. The nonces are the same: it is executed once. */
  private signAnew({ signer, firstNonce, requests }: Envelope, group: readonly Pending[]): void {
    try {
      this.handIn(this.ports.sign({ signer, firstNonce, requests }), group);
    } catch (error) {
      group.forEach(({ fail }) => fail(error));
    }
  }
}
