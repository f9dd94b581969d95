import { fastestEd25519, nativeHash, signatureSuite, createClientSigner, createSigner } from '@concordat/crypto';
import {
  blockDigest,
  chainHeaders,
  Committee,
  createBatch,
  createEpochTable,
  digest,
  epoch,
  memberIndex,
  millis,
  nodeId,
  NULL_DIGEST,
  sequence,
  swarmId,
  toHex,
  view,
  type Batch,
  type CommitCertificate,
  type CommitChain,
  type Digest,
  type EngineName,
  type Envelope,
  type Genesis,
  type MemberIndex,
  type Request,
  type Sequence,
  type Statement,
  type View,
  type VoteSignature,
} from '@concordat/protocol';
import { buildDecisionCertificate } from '../decision-certificate';
import type { DecisionCertificate } from '../decision-format';
import type { VerifierPrimitives } from '../verifier';

const utf8 = new TextEncoder();
const suite = signatureSuite('ed25519');

/** Verdicts by key, message and signature: certificates that differ in one place share most of their signatures. */
const verdicts = new Map<string, boolean>();

/** What verification needs, as a host gives it. */
export const primitives: VerifierPrimitives = {
  hash: nativeHash,
  verifySignature: (key, message, signature) => {
    const asked = [key, message, signature].map(toHex).join(' ');
    const verdict = verdicts.get(asked) ?? fastestEd25519().verify(key, message, signature);
    verdicts.set(asked, verdict);
    return verdict;
  },
};

const request = (value: string, proposer = ''): Request => ({
  value: utf8.encode(value),
  category: 'strategy_change',
  priority: 'high',
  proposer,
  metadata: proposer === '' ? new Uint8Array(0) : utf8.encode('{"why":"test"}'),
  expiresAt: millis(1_800_000_000_000),
});

/** Members' signers, in table order. */
type Pens = readonly ReturnType<typeof createSigner>[];

/** Blocks above the decided one. */
type Above = readonly { readonly view: number; readonly batch: Digest }[];

/** How a decided batch is made. */
export interface DecidedOptions {
  readonly engine?: EngineName;
  /** Of the linear engine: what stands on the block. Two of the null batch unless said otherwise. */
  readonly above?: Above;
  readonly weights?: readonly number[];
  /** Indexes of the members whose COMMITs or votes are in the certificate. */
  readonly signers?: readonly number[];
  readonly seed?: string;
}

interface Slot {
  readonly view: View;
  readonly sequence: Sequence;
  readonly digest: Digest;
}
type Chosen = readonly { readonly sender: MemberIndex; readonly pen: Pens[number] }[];

const signedBy = (chosen: Chosen, statement: Omit<Statement, 'sender'>): VoteSignature[] =>
  chosen.map(({ sender, pen }) => ({ sender, signature: pen.signStatement({ ...statement, sender }) }));

const committed = (slot: Slot, chosen: Chosen): CommitCertificate => ({
  ...slot,
  signatures: signedBy(chosen, { kind: 'commit', epoch: epoch(0), ...slot }),
});

const NOTHING_ABOVE: Above = [4, 5].map((own) => ({ view: own, batch: NULL_DIGEST }));

function chained(slot: Slot, chosen: Chosen, blocks: Above = NOTHING_ABOVE): CommitCertificate {
  const chain: CommitChain = {
    parent: { view: view(2), digest: digest('c'.repeat(64)) },
    above: blocks.map(({ view: own, batch }) => ({ view: view(own), batch })),
  };
  const last = chainHeaders(nativeHash, { ...slot, signatures: [] }, chain).at(-1);
  if (last === undefined) throw new Error('a chain has blocks');
  const voted = { view: last.view, sequence: last.sequence, digest: blockDigest(nativeHash, last) };
  return { ...slot, signatures: signedBy(chosen, { kind: 'vote', epoch: epoch(0), ...voted }), chain };
}

/** A swarm of members with real keys that decided one batch: a gateway's two requests, a client's one, and fillers. */
export class Decided {
  readonly genesis: Genesis;
  readonly committee: Committee;
  readonly swarmId: Digest;
  readonly batch: Batch;
  readonly certificate: CommitCertificate;

  constructor(options: DecidedOptions = {}) {
    const { engine = 'pbft', weights = [1, 1, 1, 1], signers = [0, 1, 3], seed = 'a' } = options;
    const keys = weights.map(() => suite.generate());
    const table = createEpochTable({
      engine,
      members: keys.map(({ publicKey }, i) => ({
        nodeId: nodeId(`n${String(i)}`),
        publicKey,
        weight: weights[i] ?? 1,
      })),
      weightedVoting: weights.some((weight) => weight !== 1),
    });
    this.genesis = { swarm: 'test', random: digest(seed.repeat(64)), table };
    this.committee = new Committee(table, nativeHash);
    this.swarmId = swarmId(nativeHash, this.genesis);
    const domain = { swarmId: this.swarmId, tableHash: this.committee.hash };
    const pens = keys.map(({ privateKey }) => createSigner({ suite, privateKey, hash: nativeHash, domain }));
    const gateway = (firstNonce: bigint, ...values: readonly string[]): Envelope => {
      const signer = { kind: 'gateway', nodeId: nodeId('n2'), acceptedView: view(0) } as const;
      const requests = values.map((value) => request(value, 'planner'));
      const envelope = pens[2]?.signEnvelope({ signer, firstNonce, requests });
      if (envelope === undefined) throw new Error('no such member');
      return envelope;
    };
    const { privateKey } = suite.generate();
    const client = createClientSigner({ suite, privateKey, hash: nativeHash, swarmId: this.swarmId });
    this.batch = createBatch(nativeHash, millis(1_700_000_000_000), [
      gateway(7n, '{"action":"one"}', '"two"'),
      client.signEnvelope({ firstNonce: 40n, requests: [request('[1,2.5,"three"]')] }),
      gateway(9n, '1'),
      gateway(10n, '2'),
      gateway(11n, '3'),
    ]);
    const slot = { view: view(3), sequence: sequence(12), digest: this.batch.digest };
    const chosen = signers.map((index) => {
      const pen = pens[index];
      if (pen === undefined) throw new Error('no such member');
      return { sender: memberIndex(index), pen };
    });
    this.certificate = engine === 'pbft' ? committed(slot, chosen) : chained(slot, chosen, options.above);
  }

  /** The certificate of one request. */
  decision(envelopeIndex: number, requestIndex = 0): DecisionCertificate {
    const { committee, swarmId: id, batch, certificate } = this;
    return buildDecisionCertificate({
      hash: nativeHash,
      committee,
      swarmId: id,
      certificate,
      batch,
      envelopeIndex,
      requestIndex,
    });
  }
}
