import {
  type CommittedBlock,
  type Evidence,
  Membership,
  type ReplicaState,
  type RequestedChange,
} from '@concordat/consensus';
import { createOpener, createSigner, nativeHash, signatureSuite } from '@concordat/crypto';
import {
  Committee,
  createBatch,
  createEpochTable,
  Epochs,
  digest,
  type Digest,
  type Envelope,
  epoch,
  type Genesis,
  memberIndex,
  millis,
  nodeId,
  type Rejection,
  sequence,
  swarmId,
  view,
  type Authentic,
  noOutcomes,
  OUTCOMES,
} from '@concordat/protocol';
import { type DecisionRecord } from '@concordat/records';
import {
  type DecisionsView,
  Gateway,
  ProposalLookup,
  Proposals,
  type SwarmView,
  viewSwarm,
} from '@concordat/replica-host';
import { type DecisionStatistics } from '@concordat/storage';
import { type MemberPort, type ViewCounts } from '../api/member-port';

const NOW = millis(1_700_000_000_000);
const suite = signatureSuite('ed25519');
/** Of members n0 to n3. */
export const MEMBER_KEYS = [0, 1, 2, 3].map(() => suite.generate());
/** May change the member table. */
export const OPERATOR = suite.generate();
const table = createEpochTable({
  operators: [OPERATOR.publicKey],
  members: MEMBER_KEYS.map(({ publicKey }, i) => ({ nodeId: nodeId(`n${i}`), publicKey, weight: 1 })),
});
const head = digest('a'.repeat(64));

/** Decisions in memory. */
class Decisions implements DecisionsView {
  readonly records: DecisionRecord[] = [];

  find(signerKey: string, nonce: bigint): ReturnType<DecisionsView['find']> {
    for (const { batch, sequence: at } of this.records) {
      for (const [envelopeIndex, envelope] of (batch?.envelopes ?? []).entries()) {
        const requestIndex = Number(nonce - envelope.firstNonce);
        if (envelope.signerKey === signerKey && envelope.requests[requestIndex] !== undefined)
          return Promise.resolve({ sequence: at, envelopeIndex, requestIndex });
      }
    }
    return Promise.resolve(undefined);
  }

  get(at: number): Promise<DecisionRecord | undefined> {
    return Promise.resolve(this.records.find((record) => record.sequence === at));
  }

  recent(limit: number, before = Number.MAX_SAFE_INTEGER): Promise<readonly DecisionRecord[]> {
    return Promise.resolve(
      this.records
        .filter(({ sequence: at }) => at < before)
        .toReversed()
        .slice(0, limit),
    );
  }

  get statistics(): DecisionStatistics {
    const decided = this.records.flatMap(({ outcomes }) => [...outcomes]).filter((code) => code === OUTCOMES.decided);
    return {
      requests: { ...noOutcomes(), decided: decided.length },
      durations: { sumMs: 5 * this.records.length, count: this.records.length },
      decidedByView: new Map(decided.length === 0 ? [] : [[2, decided.length]]),
    };
  }
}

/** A member n1 of four, whose swarm decides when the test says so; real gateway, lookup, keys and signatures. */
export class FakeMember implements MemberPort {
  readonly nodeId = nodeId('n1');
  readonly self = memberIndex(1);
  readonly committee = new Committee(table, nativeHash);
  readonly epochs = new Epochs(nativeHash, table);
  readonly genesis: Genesis = { swarm: 'fake', random: digest('1'.repeat(64)), table };
  readonly swarmId: Digest = swarmId(nativeHash, this.genesis);
  readonly proposals = new Proposals({ seenMax: 100, waitersMax: 2 });
  readonly decisions = new Decisions();
  readonly gateway: Gateway;
  readonly lookup: ProposalLookup;
  readonly expectedMs = 42;
  readonly membership = new Membership({
    hash: nativeHash,
    swarmId: this.swarmId,
    table,
    verify: (...signed) => suite.verify(...signed),
    proves: (proof) => proof[0] === 1,
  });
  /** Whether an epoch begins for those who wait for it. */
  begins = true;
  /** Members that are heard. */
  heard = [0, 2, 3];
  /** Members that a heard one says not to hear. */
  missing: Readonly<Record<number, readonly number[]>> = {};
  proven: number[] = [];
  /** Proofs on record. */
  readonly proofs: Evidence[] = [];
  /** What the pool says of the next envelopes. */
  verdict: Rejection | undefined;
  /** Whether envelopes are decided as soon as they are handed in. */
  decidesAtOnce = true;
  private readonly pool: Authentic[] = [];
  private nonce = 1n;
  private readonly pens = MEMBER_KEYS.map(({ privateKey }) =>
    createSigner({
      suite,
      privateKey,
      hash: nativeHash,
      domain: { swarmId: this.swarmId, tableHash: this.committee.hash },
    }),
  );

  constructor() {
    const opener = createOpener({
      committee: this.committee,
      epochs: this.epochs,
      swarmId: this.swarmId,
      hash: nativeHash,
      suite,
      envelopeCacheMax: 8,
    });
    this.lookup = new ProposalLookup(this.proposals, this.decisions, (id) =>
      this.pool.some((envelope) => envelope.id === id)
        ? {
            phase: 'prepare',
            view: view(2),
            sequence: sequence(1),
            votes: { prePrepare: 1, prepare: 2, commit: 0 },
            voters: [1, 2].map(memberIndex),
            behind: undefined,
            proposed: sequence(1),
            windowTop: sequence(16),
          }
        : undefined,
    );
    const bounds = {
      requestsMax: 10,
      sharedBytesMax: 30_000,
      requestBytesMax: 400_000,
      nonceWindow: 64,
      pendingMax: 100,
    };
    this.gateway = new Gateway(this.nodeId, this.proposals, bounds, {
      now: () => NOW,
      endOfTurn: (callback) => queueMicrotask(callback),
      drawNonces: (count) => {
        const first = this.nonce;
        this.nonce += BigInt(count);
        return Promise.resolve(first);
      },
      sign: (body) => this.pen(1).signEnvelope(body),
      openEnvelope: (bytes) => opener.openEnvelope(bytes),
      isJson: () => true,
      submit: (envelope) => Promise.resolve(this.admit(envelope)),
      executionOf: (envelope) => this.lookup.executionOf(envelope),
      state: () => this.state(),
    });
  }

  now(): ReturnType<MemberPort['now']> {
    return NOW;
  }

  state(): ReplicaState {
    return {
      view: view(2),
      promisedView: view(2),
      leader: memberIndex(2),
      phase: 'idle',
      epoch: epoch(0),
      boundary: this.membership.boundary,
      next: this.membership.next,
      votes: true,
      executed: sequence(this.decisions.records.length),
      stable: sequence(0),
      headDigest: head,
      logTime: NOW,
      totalDecided: this.decisions.statistics.requests.decided,
      poolEnvelopes: this.pool.length,
      poolBytes: 0,
      proven: this.proven.map(memberIndex),
      slots: 0,
      oldest: sequence(1),
      snapshot: undefined,
      peers: this.heard.map((index) => ({
        member: memberIndex(index),
        heardAt: NOW,
        view: view(2),
        executed: sequence(this.decisions.records.length),
        stable: sequence(0),
        oldest: sequence(1),
        headDigest: head,
        silent: this.missing[index]?.map(memberIndex) ?? [],
      })),
      timer: undefined,
      asking: [],
    };
  }

  evidence(): readonly Evidence[] {
    return this.proofs;
  }

  /** Two contents of member `accused` for one slot, each as it would sign it. */
  equivocation(accused: number, kind: 'prepare' | 'commit', at: number): Evidence {
    const statement = (text: string) => {
      const said = { kind, epoch: epoch(0), view: view(2), sequence: sequence(at), digest: digest(text.repeat(64)) };
      const whole = { ...said, sender: memberIndex(accused) };
      return { statement: whole, signature: this.pen(accused).signStatement(whole) };
    };
    return { kind: 'equivocation', accused: memberIndex(accused), first: statement('a'), second: statement('b') };
  }

  waitingEnvelope(id: Digest): Envelope | undefined {
    return this.pool.find((envelope) => envelope.id === id);
  }

  swarm(): SwarmView {
    return viewSwarm(this.state(), NOW, {
      committee: this.committee,
      self: memberIndex(1),
      silenceMaxMs: 1_000,
      lagMax: 8,
    });
  }

  views(): ViewCounts {
    return { changes: this.state().view, failedSinceDecision: 0 };
  }

  epochBegun(): Promise<boolean> {
    return Promise.resolve(this.begins);
  }

  decidedUpTo(at: number): number | undefined {
    return at === this.decisions.records.length ? this.decisions.statistics.requests.decided : undefined;
  }

  /** Decides whatever waits. */
  decide(): void {
    const envelopes = this.pool.splice(0);
    if (envelopes.length === 0) return;
    const at = sequence(this.decisions.records.length + 1);
    const batch = createBatch(nativeHash, NOW, envelopes);
    const statement = { kind: 'commit', epoch: epoch(0), view: view(2), sequence: at, digest: batch.digest } as const;
    const signatures = [0, 1, 3].map(memberIndex).map((sender) => ({
      sender,
      signature: this.pen(sender).signStatement({ ...statement, sender }),
    }));
    const durationsMs = envelopes.map(() => 5);
    const requests = envelopes.flatMap((envelope) => envelope.requests);
    const changes = requests.flatMap(({ category, value }, request): RequestedChange[] =>
      category === 'system' ? [{ ...this.membership.execute(at, value), request }] : [],
    );
    const outcomes = new Uint8Array(requests.length);
    for (const { accepted, request } of changes) outcomes[request] = accepted ? OUTCOMES.decided : OUTCOMES.invalid;
    const block: CommittedBlock & DecisionRecord = {
      sequence: at,
      view: view(2),
      batch,
      certificate: { view: view(2), sequence: at, digest: batch.digest, signatures },
      logTime: NOW,
      outcomes,
      headDigest: head,
      changes,
      durationsMs,
    };
    this.decisions.records.push(block);
    this.gateway.onCommitted(block);
    this.proposals.onCommitted(block, durationsMs);
  }

  private pen(index: number): ReturnType<typeof createSigner> {
    const pen = this.pens[index];
    if (pen === undefined) throw new RangeError(`no member ${index}`);
    return pen;
  }

  private admit(envelope: Authentic): Rejection | undefined {
    if (this.verdict !== undefined) return this.verdict;
    this.pool.push(envelope);
    // In a later turn, as in life: first the answer that it was admitted.
    if (this.decidesAtOnce) setImmediate(() => this.decide());
    return undefined;
  }
}
