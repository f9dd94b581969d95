import { createClientSigner, createSigner, nativeHash, signatureSuite } from '@concordat/crypto';
import {
  checkpointDigest,
  Committee,
  createBatch,
  createEpochTable,
  digest,
  epoch,
  Epochs,
  memberIndex,
  millis,
  nodeId,
  sequence,
  swarmId,
  view,
  type CheckpointContent,
  type Digest,
  type EpochChange,
  type EpochTable,
  type Genesis,
  type Member,
  type Statement,
  type VoteSignature,
} from '@concordat/protocol';
import { buildDecisionCertificate } from '../decision-certificate';
import type { DecisionCertificate } from '../decision-format';
import { epochChainToJson, type EpochChainJson } from '../epoch-chain-format';

const suite = signatureSuite('ed25519');
type KeyPair = ReturnType<typeof suite.generate>;

/** How a certificate of the history is made. */
export interface DecisionOptions {
  readonly at?: number;
  readonly signers?: readonly number[];
  /** Signs with the keys of this epoch instead of its own. */
  readonly keysOf?: number;
}

const BOUNDARIES = [0, 32, 64, 96];

/**
 * A swarm that has been through four epochs, with all keys at hand: n1 takes another key with epoch 1, n4 joins with epoch 2, and
 * n3 is isolated in epoch 3. Boundaries are 32, 64 and 96.
 */
export class EpochHistory {
  readonly genesis: Genesis;
  readonly swarmId: Digest;
  readonly epochs: Epochs;
  readonly tables: readonly EpochTable[];
  private readonly privateKeys = new Map<string, KeyPair['privateKey']>();

  constructor(seed = 'a') {
    const first = createEpochTable({
      checkpointInterval: 8,
      members: [0, 1, 2, 3].map((index) => ({ nodeId: nodeId(`n${String(index)}`), publicKey: this.newKey() })),
    });
    const grown = [
      first.members,
      first.members.map((member, index) => (index === 1 ? { ...member, publicKey: this.newKey() } : member)),
    ];
    const joined: Member = {
      nodeId: nodeId('n4'),
      publicKey: this.newKey(),
      weight: 1,
      reputation: 700_000,
      isolated: false,
      capabilities: ['plan'],
    };
    grown.push([...(grown[1] ?? []), joined]);
    grown.push((grown[2] ?? []).map((member, index) => ({ ...member, isolated: index === 3 })));
    this.tables = grown.map((members, index) => ({
      ...first,
      members,
      epoch: epoch(index),
      baseSequence: sequence(BOUNDARIES[index] ?? 0),
    }));
    this.genesis = { swarm: 'test', random: digest(seed.repeat(64)), table: first };
    this.swarmId = swarmId(nativeHash, this.genesis);
    this.epochs = new Epochs(nativeHash, first);
    for (const table of this.tables.slice(1)) this.epochs.add(this.change(table));
  }

  /** A key whose private half is known here. */
  newKey(): Uint8Array {
    const pair = suite.generate();
    this.privateKeys.set(pair.publicKey.join(), pair.privateKey);
    return pair.publicKey;
  }

  /** The committee of an epoch. */
  committee(of: number): Committee {
    const table = this.tables[of];
    if (table === undefined) throw new RangeError(`no epoch ${String(of)}`);
    return new Committee(table, nativeHash);
  }

  /** Signature by a key that is known here, of whichever table, over a statement of an epoch. */
  sign(statement: Statement, committee: Committee, publicKey: Uint8Array): Uint8Array {
    const privateKey = this.privateKeys.get(publicKey.join());
    if (privateKey === undefined) throw new RangeError('a key that is not known here');
    const domain = { swarmId: this.swarmId, tableHash: committee.hash };
    return createSigner({ suite, privateKey, hash: nativeHash, domain }).signStatement(statement);
  }

  /** The certified change to a table from the epoch before, whatever the table says; the first three members sign with their keys unless said otherwise. */
  change(
    table: EpochTable,
    { signers = [0, 1, 2, ...(table.epoch > 2 ? [4] : [])], keys = {}, content = {} }: ChangeOptions = {},
  ): EpochChange {
    const ended = this.committee(table.epoch - 1);
    const at = table.baseSequence;
    const said: CheckpointContent = {
      stateDigest: digest('5'.repeat(64)),
      boundary: at,
      nextTableHash: new Committee(table, nativeHash).hash,
      ...content,
    };
    const about = {
      kind: 'checkpoint',
      epoch: ended.epoch,
      view: view(0),
      sequence: at,
      digest: checkpointDigest(nativeHash, at, said),
    } as const;
    const signatures = signers.map((index): VoteSignature => {
      const sender = memberIndex(index);
      const key = keys[index] ?? ended.member(sender)?.publicKey ?? new Uint8Array(0);
      return { sender, signature: this.sign({ ...about, sender }, ended, key) };
    });
    return { table, certificate: { sequence: at, content: said, signatures } };
  }

  /** The chain of changes after an epoch. */
  chain(after = 0, max = 100): EpochChainJson {
    return epochChainToJson(this.epochs, this.swarmId, epoch(after), max);
  }

  /** A certificate of a decision in an epoch: a client's request; by default one sequence above the epoch's base. */
  decision(
    of: number,
    { at = (BOUNDARIES[of] ?? 0) + 1, signers = [0, 1, 2, ...(of > 1 ? [4] : [])], keysOf = of }: DecisionOptions = {},
  ): DecisionCertificate {
    const committee = this.committee(of);
    const { privateKey } = suite.generate();
    const client = createClientSigner({ suite, privateKey, hash: nativeHash, swarmId: this.swarmId });
    const value = new TextEncoder().encode(`{"epoch":${String(of)}}`);
    const request = {
      value,
      category: 'general',
      priority: 'normal',
      proposer: '',
      metadata: new Uint8Array(0),
      expiresAt: millis(1_800_000_000_000),
    } as const;
    const batch = createBatch(nativeHash, millis(1_700_000_000_000), [
      client.signEnvelope({ firstNonce: 1n, requests: [request] }),
      client.signEnvelope({ firstNonce: 2n, requests: [request] }),
    ]);
    const statement = {
      kind: 'commit',
      epoch: committee.epoch,
      view: view(2),
      sequence: sequence(at),
      digest: batch.digest,
    } as const;
    const signatures = signers.map((index): VoteSignature => {
      const sender = memberIndex(index);
      const key = this.committee(keysOf).member(sender)?.publicKey ?? new Uint8Array(0);
      return { sender, signature: this.sign({ ...statement, sender }, committee, key) };
    });
    return buildDecisionCertificate({
      hash: nativeHash,
      committee,
      swarmId: this.swarmId,
      certificate: { view: statement.view, sequence: statement.sequence, digest: batch.digest, signatures },
      batch,
      envelopeIndex: 0,
      requestIndex: 0,
    });
  }
}

/** How a change is made. */
export interface ChangeOptions {
  readonly signers?: readonly number[];
  /** Keys that sign in place of members' own, by index. */
  readonly keys?: Readonly<Record<number, Uint8Array>>;
  readonly content?: Partial<CheckpointContent>;
}
