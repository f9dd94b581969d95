import type { QuorumCertificate, TimeoutCertificate } from '../linear-certificates';
import { asciiBytes, concatBytes, equalBytes } from '../bytes';
import { blockDigest, type BlockReference } from '../block';
import {
  chainHeaders,
  checkpointDigest,
  type CheckpointCertificate,
  type CheckpointContent,
  type CommitCertificate,
  type PreparedCertificate,
  type VoteSignature,
} from '../certificates';
import type { WireLimits } from '../wire-limits';
import { Committee } from '../committee';
import type { EngineName } from '../epoch-table';
import { Epochs } from '../epochs';
import { createEpochTable, swarmId, type Genesis, type TableOptions } from '../genesis';
import { digestOfBytes, NULL_DIGEST, portableHash, ZERO_DIGEST } from '../hash';
import { epoch, memberIndex, millis, nodeId, sequence, view, type Digest, type MemberIndex } from '../ids';
import { wireLimits } from '../limits';
import type { MessageKind, Signed, Statement } from '../messages';
import { rootOf, timeoutDigest } from '../quorum-certificates';
import {
  encodeEnvelopeBody,
  envelopeBodyHash,
  sealEnvelope,
  type Envelope,
  type Request,
  type Signer,
} from '../request';
import { seal, type Draft } from '../seal';
import { envelopeSigningBytes, statementBytes, type SigningDomain } from '../statement';
import type { ValidityContext } from '../validity';

/** Keys by their owner's name. */
export interface KeyRing {
  publicKey(name: string): Uint8Array;
  sign(name: string, bytes: Uint8Array): Uint8Array;
  verify(publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean;
}

const toySignature = (publicKey: Uint8Array, bytes: Uint8Array): Uint8Array =>
  concatBytes(portableHash(concatBytes(publicKey, bytes)), portableHash(concatBytes(bytes, publicKey)));

/** No signature scheme at all, for everybody could sign: it only ties a key to bytes, fast and with Ed25519's sizes. */
export const toyKeys: KeyRing = {
  publicKey: (name) => portableHash(asciiBytes(`key of ${name}`)),
  sign: (name, bytes) => toySignature(toyKeys.publicKey(name), bytes),
  verify: (publicKey, bytes, signature) => equalBytes(toySignature(publicKey, bytes), signature),
};

/** Some digest, another one for another text. */
export const someDigest = (text: string): Digest => digestOfBytes(portableHash(asciiBytes(text)));

/** A request whose value is the text as JSON. */
export const someRequest = (text: string, change: Partial<Request> = {}): Request => ({
  value: asciiBytes(JSON.stringify(text)),
  category: 'general',
  priority: 'normal',
  proposer: '',
  metadata: new Uint8Array(0),
  expiresAt: millis(1_800_000_060_000),
  ...change,
});

/** The part of a statement that is neither kind nor sender. */
export interface Slot {
  readonly view: number;
  readonly sequence: number;
  readonly digest: Digest;
}

/** A block by its view and digest. */
export interface Named {
  readonly view: number;
  readonly digest: Digest;
}

/** Names of the members of a swarm of n. */
export const memberNames = (n: number): string[] => Array.from({ length: n }, (_, index) => `n${String(index)}`);

/** A swarm whose keys are all known. */
export interface TestSwarm {
  readonly genesis: Genesis;
  readonly committee: Committee;
  readonly id: Digest;
  readonly domain: SigningDomain;
  readonly limits: WireLimits;
  readonly context: ValidityContext;
  statement(kind: MessageKind, sender: number, slot: Slot): Statement;
  /** Signature of the statement's sender. */
  sign(statement: Statement): Uint8Array;
  seal(sender: number, draft: Draft): Signed;
  /** Signed by that member. */
  gatewayEnvelope(member: number, firstNonce: bigint, requests: readonly Request[]): Envelope;
  /** Signed by a client of that name. */
  clientEnvelope(name: string, firstNonce: bigint, requests: readonly Request[]): Envelope;
  votes(kind: MessageKind, slot: Slot, senders: readonly number[]): VoteSignature[];
  commitCertificate(slot: Slot, senders: readonly number[]): CommitCertificate;
  /** `senders` are those of PREPAREs; the leader's PRE-PREPARE is added. */
  preparedCertificate(slot: Slot, senders: readonly number[]): PreparedCertificate;
  checkpointCertificate(at: number, content: CheckpointContent, senders: readonly number[]): CheckpointCertificate;
  /** The block that the epoch's first one stands on. */
  readonly root: BlockReference;
  /** Votes for the block of that digest. */
  quorumCertificate(block: Slot, senders: readonly number[]): QuorumCertificate;
  /** Each sender with the block that it names. */
  timeoutCertificate(inView: number, named: readonly (readonly [sender: number, highest: Named])[]): TimeoutCertificate;
  /** The slot is decided by votes for the last of the blocks above it: two of the null batch unless said otherwise. */
  chainCertificate(slot: Slot, senders: readonly number[], chain?: ChainOptions): CommitCertificate;
}

/** What can be chosen about the chain of a commit certificate. */
export interface ChainOptions {
  readonly parent?: Named;
  readonly above?: readonly { readonly view: number; readonly batch: Digest }[];
}

/** What checkpoints of a swarm without a pending epoch say. */
export const someContent = (text: string): CheckpointContent => ({
  stateDigest: someDigest(text),
  boundary: sequence(0),
  nextTableHash: ZERO_DIGEST,
});

/** What can be chosen about a test swarm. */
export interface TestSwarmOptions {
  /** PBFT unless said otherwise. */
  readonly engine?: EngineName;
  readonly keys?: KeyRing;
  readonly n?: number;
  readonly name?: string;
  readonly random?: Digest;
  /** One per member; voting by weight where it is given. */
  readonly weights?: readonly number[];
  readonly table?: Partial<Omit<TableOptions, 'members'>>;
  readonly epoch?: number;
  readonly baseSequence?: number;
  /** Members that were proven Byzantine. */
  readonly isolated?: readonly number[];
}

/** A swarm of n members n0, n1, ...; 4 unless said otherwise, K = 8 and L = 16. */
export function createSwarm(options: TestSwarmOptions = {}): TestSwarm {
  const { keys = toyKeys, weights, n = weights?.length ?? 4 } = options;
  const names = memberNames(n);
  const first = createEpochTable({
    checkpointInterval: 8,
    windowSize: 16,
    weightedVoting: weights !== undefined,
    members: names.map((name, index) => ({
      nodeId: nodeId(name),
      publicKey: keys.publicKey(name),
      weight: weights?.[index] ?? 1,
    })),
    ...(options.engine === undefined ? {} : { engine: options.engine }),
    ...options.table,
  });
  const table = {
    ...first,
    epoch: epoch(options.epoch ?? 0),
    baseSequence: sequence(options.baseSequence ?? 0),
    members: first.members.map((member, index) => ({
      ...member,
      isolated: options.isolated?.includes(index) ?? false,
    })),
  };
  const genesis: Genesis = { swarm: options.name ?? 'test', random: options.random ?? someDigest('random'), table };
  const committee = new Committee(table, portableHash);
  const id = swarmId(portableHash, genesis);
  const domain: SigningDomain = { swarmId: id, tableHash: committee.hash };
  const nameOf = (sender: MemberIndex): string => `n${String(sender)}`;

  const sign = (statement: Statement): Uint8Array =>
    keys.sign(nameOf(statement.sender), statementBytes(domain, statement));
  const statement = (kind: MessageKind, sender: number, slot: Slot): Statement => ({
    kind,
    epoch: table.epoch,
    view: view(slot.view),
    sequence: sequence(slot.sequence),
    digest: slot.digest,
    sender: memberIndex(sender),
  });
  const votes = (kind: MessageKind, slot: Slot, senders: readonly number[]): VoteSignature[] =>
    senders.map((sender) => ({ sender: memberIndex(sender), signature: sign(statement(kind, sender, slot)) }));
  const envelope = (signer: Signer, name: string, firstNonce: bigint, requests: readonly Request[]): Envelope => {
    const body = { signer, firstNonce, requests };
    const bytes = encodeEnvelopeBody(body);
    const signature = keys.sign(name, envelopeSigningBytes(id, envelopeBodyHash(portableHash, bytes)));
    return sealEnvelope(portableHash, body, bytes, signature);
  };
  const branded = (slot: Slot): Pick<Statement, 'view' | 'sequence' | 'digest'> => ({
    view: view(slot.view),
    sequence: sequence(slot.sequence),
    digest: slot.digest,
  });

  return {
    genesis,
    committee,
    id,
    domain,
    limits: wireLimits(table),
    context: {
      committee,
      epochs: new Epochs(portableHash, table),
      hash: portableHash,
      verifyStatement(said, signature) {
        const member = committee.member(said.sender);
        return member !== undefined && keys.verify(member.publicKey, statementBytes(domain, said), signature);
      },
      verifyEnvelope({ signer, bodyHash, signature }) {
        const publicKey =
          signer.kind === 'client'
            ? signer.publicKey
            : table.members.find((member) => member.nodeId === signer.nodeId)?.publicKey;
        return publicKey !== undefined && keys.verify(publicKey, envelopeSigningBytes(id, bodyHash), signature);
      },
    },
    statement,
    sign,
    seal: (sender, draft) => seal({ hash: portableHash, epoch: table.epoch, sender: memberIndex(sender), sign }, draft),
    gatewayEnvelope: (member, firstNonce, requests) =>
      envelope(
        { kind: 'gateway', nodeId: nodeId(`n${String(member)}`), acceptedView: view(0) },
        `n${String(member)}`,
        firstNonce,
        requests,
      ),
    clientEnvelope: (name, firstNonce, requests) =>
      envelope({ kind: 'client', publicKey: keys.publicKey(name) }, name, firstNonce, requests),
    votes,
    commitCertificate: (slot, senders) => ({ ...branded(slot), signatures: votes('commit', slot, senders) }),
    preparedCertificate: (slot, senders) => ({
      ...branded(slot),
      leaderSignature: sign(statement('prePrepare', committee.leaderOf(view(slot.view)), slot)),
      signatures: votes('prepare', slot, senders),
    }),
    checkpointCertificate(at, content, senders) {
      const digest = checkpointDigest(portableHash, sequence(at), content);
      return {
        sequence: sequence(at),
        content,
        signatures: votes('checkpoint', { view: 0, sequence: at, digest }, senders),
      };
    },
    root: { view: rootOf(portableHash, committee).view, digest: rootOf(portableHash, committee).digest },
    quorumCertificate: (block, senders) => ({ ...branded(block), signatures: votes('vote', block, senders) }),
    timeoutCertificate: (inView, named) => ({
      view: view(inView),
      timeouts: named.map(([sender, { view: highestView, digest }]) => {
        const highest = { view: view(highestView), digest };
        const said = { view: inView, sequence: 0, digest: timeoutDigest(portableHash, highest) };
        return { sender: memberIndex(sender), highest, signature: sign(statement('timeout', sender, said)) };
      }),
    }),
    chainCertificate(slot, senders, options = {}) {
      const { parent = { view: slot.view - 1, digest: someDigest('parent') } } = options;
      const { above = [1, 2].map((more) => ({ view: slot.view + more, batch: NULL_DIGEST })) } = options;
      const chain = {
        parent: { view: view(parent.view), digest: parent.digest },
        above: above.map(({ view: inView, batch }) => ({ view: view(inView), batch })),
      };
      const decided = { ...branded(slot), signatures: [], chain };
      const last = chainHeaders(portableHash, decided, chain).at(-1);
      if (last === undefined) throw new RangeError('a chain has blocks');
      const voted = { view: last.view, sequence: last.sequence, digest: blockDigest(portableHash, last) };
      return { ...decided, signatures: votes('vote', voted, senders) };
    },
  };
}
