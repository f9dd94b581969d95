import {
  asciiBytes,
  createBatch,
  OUTCOMES,
  portableHash,
  seal,
  sealEnvelope,
  type Batch,
  type CommitCertificate,
  type Digest,
  type Draft,
  type Envelope,
  type MemberIndex,
  type Millis,
  type PreparedCertificate,
  type Sequence,
  type Signed,
  type View,
  type VoteSignature,
} from '@concordat/protocol';
import { Random, START } from './index';
import { packetOf } from './packet';
import { stubKey } from './stub-keys';
import { lost, Scene } from './testing/scene';

const FIRST = { view: 0 as View, sequence: 1 as Sequence };
const NO_SLOT = { view: 0 as View, sequence: 0 as Sequence };
const SOME_DIGEST = 'ab'.repeat(32) as Digest;

/** A swarm of four, one of which is down while a schedule sends whatever it likes under that member's key. */
class HostileScene extends Scene {
  private readonly client = stubKey(portableHash, new Random(77));
  private nonce = 1n;

  constructor(private readonly liar: number) {
    super({ liars: [{ member: liar, strategy: 'silent' }] });
    this.cluster.signatures.addClient(this.client);
    this.cluster.crash(liar, 'for-good');
  }

  get honest(): number[] {
    return [0, 1, 2, 3].filter((member) => member !== this.liar);
  }

  /** Seals a draft as the liar. */
  say(draft: Draft): Signed {
    return seal(this.cluster.signatures.sealerOf(this.liar as MemberIndex), draft);
  }

  /** Sends a draft to some, sealed as the liar. */
  tell(to: readonly number[], ...drafts: Draft[]): void {
    for (const draft of drafts) {
      const packet = packetOf(this.say(draft));
      for (const member of to) this.cluster.network.send(this.liar as MemberIndex, member as MemberIndex, packet);
    }
  }

  /** One request of a client that only this schedule knows. */
  envelope(expiresAt = START + 100_000): Envelope {
    return this.cluster.signatures.signEnvelope({
      signer: { kind: 'client', publicKey: this.client.publicKey },
      firstNonce: this.nonce++,
      requests: [
        {
          expiresAt: expiresAt as Millis,
          category: 'general',
          priority: 'normal',
          proposer: '',
          value: asciiBytes('1'),
          metadata: new Uint8Array(0),
        },
      ],
    });
  }

  batch(envelopes: readonly Envelope[] = [this.envelope()], time = this.now): Batch {
    return createBatch(portableHash, time as Millis, envelopes);
  }

  get now(): number {
    return START + Math.floor(this.cluster.elapsedMs);
  }

  /** Signatures of votes that members made in view 0. */
  signatures(kind: 'prepare' | 'commit', members: readonly number[]): VoteSignature[] {
    return members.flatMap((member) =>
      this.votes(kind, member, 0).map(({ sender, signature }) => ({ sender, signature })),
    );
  }

  /** The leader is the liar: its proposal, and its COMMIT, so that two honest members more are a quorum. */
  propose(to: readonly number[], batch: Batch): void {
    this.tell(to, { kind: 'prePrepare', ...FIRST, digest: batch.digest, batch });
  }

  decided(certificate: CommitCertificate, batch: Batch): Draft {
    return { kind: 'decided', view: certificate.view, sequence: certificate.sequence, certificate, batch };
  }
}

describe('hostile schedules: proposals', () => {
  it('a member that does not lead the view proposes in vain', () => {
    const scene = new HostileScene(3);
    scene.propose(scene.honest, scene.batch());
    scene.run(100);
    for (const member of scene.honest) expect(scene.votes('prepare', member, 0)).toEqual([]);
    scene.settle();
  });

  it('a batch that holds a request which nobody signed gets no vote', () => {
    const scene = new HostileScene(0);
    const real = scene.envelope();
    const { signer, firstNonce, requests, bytes, signature } = real;
    const forged = sealEnvelope(
      portableHash,
      { signer, firstNonce, requests },
      bytes.slice(0, bytes.length - signature.length - 2),
      signature.map((byte) => byte ^ 1),
    );
    scene.propose(scene.honest, scene.batch([forged]));
    scene.run(100);
    for (const member of scene.honest) expect(scene.votes('prepare', member, 0)).toEqual([]);
    scene.settle();
  });

  it.each([60_000, -60_000])('a fresh batch whose time is %d ms from every honest clock gets no vote', (distanceMs) => {
    const scene = new HostileScene(0);
    scene.propose(scene.honest, scene.batch([scene.envelope()], scene.now + distanceMs));
    scene.run(100);
    for (const member of scene.honest) expect(scene.votes('prepare', member, 0)).toEqual([]);
    scene.settle();
  });

  it('a member that stored one of two proposals decides the other one, which a quorum committed (scenario 1)', () => {
    const scene = new HostileScene(0);
    const [decided, twin] = [scene.batch(), scene.batch()];
    scene.impose(lost({ kinds: ['decided'] }), lost({ to: [3], kinds: ['status'] }));
    scene.propose([1, 2], decided);
    scene.propose([3], twin);
    scene.tell([1, 2, 3], { kind: 'commit', ...FIRST, digest: decided.digest });
    scene.until(() => scene.blocks(3).length === 1);
    expect(scene.blocks(3)[0]?.certificate).toMatchObject({ view: 0, digest: decided.digest });
    scene.settle();
  });

  it('a second proposal for a slot is a proof, and gets no vote', () => {
    const scene = new HostileScene(0);
    const [first, second] = [scene.batch(), scene.batch()];
    scene.propose([1, 2, 3], first);
    scene.run(20);
    scene.propose([1, 2, 3], second);
    scene.run(20);
    expect([1, 2, 3].flatMap((member) => scene.votes('prepare', member, 0).map(({ digest }) => digest))).toEqual(
      [1, 2, 3].map(() => first.digest),
    );
    expect([...scene.cluster.conduct.accusedMembers]).toEqual([0]);
    scene.settle();
  });

  it('a request whose deadline log time has passed comes out as expired, and log time never goes back', () => {
    const scene = new HostileScene(0);
    const batches = [
      scene.batch([scene.envelope()], scene.now + 5000),
      scene.batch([scene.envelope(scene.now + 4000)], scene.now),
    ];
    batches.forEach((batch, index) => {
      const slot = { view: FIRST.view, sequence: (index + 1) as Sequence, digest: batch.digest };
      scene.tell([1, 2, 3], { kind: 'prePrepare', ...slot, batch }, { kind: 'commit', ...slot });
    });
    scene.until(() => scene.blocks(1).length === 2);
    const [first, second] = scene.blocks(1);
    expect([...(first?.outcomes ?? [])]).toEqual([OUTCOMES.decided]);
    expect([...(second?.outcomes ?? [])]).toEqual([OUTCOMES.expired]);
    expect(second?.logTime).toBe(first?.logTime);
    scene.settle();
  });
});

describe('hostile schedules: votes and certificates', () => {
  it('two COMMITs of one member for one slot are counted once, and are a proof (scenario 2)', () => {
    const scene = new HostileScene(3);
    const twin = scene.batch().digest;
    scene.impose(lost({ kinds: ['commit'], from: [0, 1, 2] }));
    scene.submit(0);
    scene.until(() => scene.votes('commit', 1, 0).length === 1);
    const digest = scene.votes('commit', 1, 0)[0]?.digest ?? SOME_DIGEST;
    for (let repeat = 0; repeat < 4; repeat++) scene.tell([1], { kind: 'commit', ...FIRST, digest });
    scene.tell([1], { kind: 'commit', ...FIRST, digest: twin });
    scene.run(20);
    expect(scene.executed(1)).toBe(0);
    expect([...scene.cluster.conduct.accusedMembers]).toEqual([3]);
    scene.settle();
  });

  it('a decision that one member alone vouches for is none', () => {
    const scene = new HostileScene(3);
    const batch = scene.batch();
    const { sender, signature } = scene.say({ kind: 'commit', ...FIRST, digest: batch.digest });
    scene.tell([0, 1], scene.decided({ ...FIRST, digest: batch.digest, signatures: [{ sender, signature }] }, batch));
    scene.run(50);
    expect([0, 1].map((member) => scene.executed(member))).toEqual([0, 0]);
    scene.settle();
  });

  it('a decision with signatures that its signers did not make is none', () => {
    const scene = new HostileScene(3);
    const batch = scene.batch();
    const { signature } = scene.say({ kind: 'commit', ...FIRST, digest: batch.digest });
    const signatures = [1, 2, 3].map((sender) => ({ sender: sender as MemberIndex, signature }));
    scene.tell([0, 1], scene.decided({ ...FIRST, digest: batch.digest, signatures }, batch));
    scene.run(50);
    expect([0, 1].map((member) => scene.executed(member))).toEqual([0, 0]);
    scene.settle();
  });

  it('PREPAREs do not pass for COMMITs (scenario 9)', () => {
    const scene = new HostileScene(0);
    const batch = scene.batch();
    scene.impose(lost({ from: [1, 2, 3], kinds: ['commit'] }));
    scene.propose([1, 2], batch);
    scene.until(() => [1, 2].every((member) => scene.votes('prepare', member, 0).length === 1));
    const own = scene.say({ kind: 'commit', ...FIRST, digest: batch.digest });
    const signatures = [own, ...scene.signatures('prepare', [1, 2])].map(({ sender, signature }) => ({
      sender,
      signature,
    }));
    scene.tell([3], scene.decided({ ...FIRST, digest: batch.digest, signatures }, batch));
    scene.run(50);
    expect(scene.executed(3)).toBe(0);
    scene.settle();
  });

  it('CHECKPOINTs of different states make nothing stable (scenario 27)', () => {
    const scene = new HostileScene(3);
    scene.impose(lost({ from: [2], kinds: ['checkpoint'] }));
    scene.decide(4, 0);
    const content = { stateDigest: SOME_DIGEST, boundary: 0 as Sequence, nextTableHash: SOME_DIGEST };
    scene.tell([0, 1], { kind: 'checkpoint', sequence: 4 as Sequence, content });
    scene.run(80);
    expect(scene.executed(0)).toBe(4);
    expect([0, 1].map((member) => scene.stable(member))).toEqual([0, 0]);
    scene.settle();
  });

  it('votes for slots far away take no memory (scenario 24)', () => {
    const scene = new HostileScene(3);
    for (let sequence = 1; sequence <= 1500; sequence++) {
      const slot = { view: FIRST.view, sequence: sequence as Sequence, digest: SOME_DIGEST };
      scene.tell([0], { kind: 'commit', ...slot }, { kind: 'prepare', ...slot });
    }
    scene.run(50);
    expect(scene.slots(0)).toBeLessThanOrEqual(scene.cluster.committee.table.windowSize);
    scene.settle();
  });
});

describe('hostile schedules: views', () => {
  const asking = (view: number, prepared: readonly PreparedCertificate[] = []): Draft => ({
    kind: 'viewChange',
    view: view as View,
    sequence: NO_SLOT.sequence,
    stable: undefined,
    prepared,
  });

  it('one member that asks for views, near and far, takes nobody along (scenario 24)', () => {
    const scene = new HostileScene(3);
    scene.tell(scene.honest, asking(1), asking(5), asking(1_000_000));
    scene.run(100);
    expect(scene.honest.map((member) => scene.promisedView(member))).toEqual([0, 0, 0]);
    scene.settle();
  });

  it('of the views that f + 1 members ask for, the smallest is joined (scenario 17)', () => {
    const scene = new HostileScene(3);
    scene.impose(lost({ from: [2], kinds: ['requests', 'status'] }), lost({ to: [2], kinds: ['fetch'] }));
    scene.tell(scene.honest, asking(1_000_000));
    scene.submit(2);
    scene.until(() => [0, 1].every((member) => scene.promisedView(member) > 0));
    expect([0, 1].map((member) => scene.promisedView(member))).toEqual([1, 1]);
    scene.settle();
  });

  it('a new view over fewer VIEW-CHANGEs than a quorum is not entered, whatever was decided before (scenario 7)', () => {
    const scene = new HostileScene(1);
    scene.impose(lost({ to: [2, 3], kinds: ['commit'], view: 0 }));
    scene.submit(0);
    scene.until(() => scene.votes('commit', 2, 0).length === 1 && scene.votes('commit', 3, 0).length === 1);
    const own = scene.say(asking(1));
    scene.tell([2, 3], asking(1), {
      kind: 'newView',
      view: 1 as View,
      sequence: NO_SLOT.sequence,
      viewChanges: [{ sender: own.sender, digest: own.digest }],
      entries: [],
    });
    scene.run(50);
    expect([2, 3].map((member) => scene.view(member))).toEqual([0, 0]);
    scene.settle();
  });

  it.each(['signatures that its signers did not make', 'no quorum'])(
    'a prepared certificate with %s enters no new view (scenario 7)',
    (fault) => {
      const scene = new HostileScene(3);
      // Nothing is prepared in view 0; without member 0's VIEW-CHANGE the new view needs the liar's.
      scene.impose(lost({ kinds: ['prepare'], view: 0 }), lost({ from: [0], kinds: ['viewChange', 'status'] }));
      scene.submit(0);
      scene.until(() => [1, 2].every((member) => scene.promisedView(member) === 1));
      const [proposal] = scene.votes('prePrepare', 0, 0);
      if (proposal === undefined) throw new Error('member 0 proposes');
      const { digest, signature: leaderSignature } = proposal;
      const own = scene.say({ kind: 'prepare', ...FIRST, digest });
      const mine = [{ sender: own.sender, signature: own.signature }];
      const signatures =
        fault === 'no quorum' ? mine : [{ sender: 2 as MemberIndex, signature: own.signature }, ...mine];
      scene.tell([1, 2], asking(1, [{ ...FIRST, digest, leaderSignature, signatures }]));
      scene.run(100);
      expect([1, 2].map((member) => scene.view(member))).toEqual([0, 0]);
      scene.settle();
    },
  );
});
