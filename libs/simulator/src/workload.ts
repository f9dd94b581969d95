import {
  CATEGORIES,
  asciiBytes,
  nodeId,
  PRIORITIES,
  type Envelope,
  type Hash,
  type MemberIndex,
  type Millis,
  type Request,
  type Signer,
  type View,
} from '@concordat/protocol';
import type { Random } from './random';
import type { WorkloadOptions } from './schedule';
import { stubKey, type StubSignatures } from './stub-keys';

/** An envelope on its way to members. */
export interface Submission {
  readonly atMs: number;
  readonly to: readonly MemberIndex[];
  readonly envelope: Envelope;
}

/** What clients propose about; requests of the other category ask for a change of the members. */
const ORDINARY = CATEGORIES.filter((category) => category !== 'system');
/** A deadline that no simulated run reaches. */
const FAR_MS = 100_000;

/** Clients with keys, and members that sign as gateways. */
export class Workload {
  private readonly keys: readonly Uint8Array[];
  private readonly nonces = new Map<string, bigint>();

  constructor(
    hash: Hash,
    private readonly random: Random,
    private readonly signatures: StubSignatures,
    private readonly start: Millis,
    private readonly options: WorkloadOptions,
  ) {
    const keys = Array.from({ length: options.clients }, () => stubKey(hash, random));
    this.keys = keys.map((key) => signatures.addClient(key));
  }

  /** What clients submit to nodes within `durationMs`. */
  plan(durationMs: number, nodes = this.signatures.committee.indexesInOrder): Submission[] {
    const { random, options } = this;
    const submissions: Submission[] = [];
    for (let index = 0; index < options.envelopes; index++) {
      const atMs = random.below(durationMs);
      const to = random.pick(nodes);
      const envelope = random.chance(options.gatewayRate) ? this.ofGateway(to, atMs) : this.ofClient(atMs);
      const other = random.chance(options.duplicateRate) ? [random.pick(nodes)] : [];
      submissions.push({ atMs, to: [to, ...other], envelope });
    }
    return submissions;
  }

  /** An envelope of one of the clients. */
  ofClient(
    atMs: number,
    shape: { readonly client?: number; readonly nonce?: bigint; readonly text?: string } = {},
  ): Envelope {
    const { random } = this;
    const publicKey = shape.client === undefined ? random.pick(this.keys) : this.keys[shape.client];
    if (publicKey === undefined) throw new RangeError(`no client ${String(shape.client)}`);
    return this.sign({ kind: 'client', publicKey }, publicKey.join(), atMs, shape.nonce, shape.text);
  }

  /** An envelope that a member signs as gateway. With a text it is a plain one: a fresh nonce and a far deadline. */
  ofGateway(member: MemberIndex, atMs: number, text?: string): Envelope {
    const name = nodeId(`node-${String(member)}`);
    return this.sign({ kind: 'gateway', nodeId: name, acceptedView: 0 as View }, name, atMs, undefined, text);
  }

  private sign(
    signer: Signer,
    key: string,
    atMs: number,
    nonce: bigint | undefined,
    text: string | undefined,
  ): Envelope {
    const { random, options } = this;
    const next = this.nonces.get(key) ?? 1n;
    const count = text === undefined ? random.between(1, options.requestsMax) : 1;
    const reused = nonce === undefined && text === undefined && next > 1n && random.chance(options.reuseRate);
    const firstNonce = nonce ?? (reused ? next - 1n : next);
    if (firstNonce + BigInt(count) > next) this.nonces.set(key, firstNonce + BigInt(count));
    const short = text === undefined && random.chance(options.shortDeadlineRate);
    const expiresAt = (this.start + Math.floor(atMs) + (short ? random.between(20, 800) : FAR_MS)) as Millis;
    const requests = Array.from({ length: count }, () => this.request(expiresAt, text));
    return this.signatures.signEnvelope({ signer, firstNonce, requests });
  }

  private request(expiresAt: Millis, text: string | undefined): Request {
    const { random } = this;
    return {
      expiresAt,
      category: random.pick(ORDINARY),
      priority: random.pick(PRIORITIES),
      proposer: '',
      value: asciiBytes(text === undefined ? String(random.u32()) : JSON.stringify(text)),
      metadata: new Uint8Array(0),
    };
  }
}
