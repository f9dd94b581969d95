import {
  createBatch,
  encodeMessage,
  HEADER_BYTES,
  purposeDigest,
  epoch,
  InvariantError,
  isRejection,
  memberIndex,
  MESSAGE_KINDS,
  millis,
  reject,
  REJECTION_CODES,
  view,
  wireLimits,
  type MessageKind,
  type Signed,
  type Statement,
} from '@concordat/protocol';
import * as fc from 'fast-check';
import { nativeHash } from './hash';
import type { Opener } from './opener';
import { signatureSuite } from './signature-suite';
import type { MemberSigner } from './signer';
import { gatewayBody, request, someDigest, TestSwarm } from './testing/swarm';
import { codeOf, counting, openCode as openCodeBy } from './testing/verdicts';

const swarm = new TestSwarm();
const drafts = swarm.drafts();
const messages = swarm.messages();
const opener = swarm.opener();
const linear = new TestSwarm('ed25519', 4, 'linear', 'hotstuff');
const linearMessages = linear.messages();

/** A message of a kind, with the swarm whose members say it and an opener of theirs. */
interface Said {
  readonly kind: MessageKind;
  readonly engine: string;
  readonly by: TestSwarm;
  readonly opener: Opener;
  readonly message: Signed;
}

const saidIn = (by: TestSwarm, all: Record<MessageKind, Signed>, kinds: readonly MessageKind[]): Said[] => {
  const shared = by.opener();
  const { engine } = by.committee.table;
  return kinds.map((kind) => ({ kind, engine, by, opener: shared, message: all[kind] }));
};
/** All kinds: those of both engines once, and of the linear one what PBFT does not say, or says otherwise. */
const said = [
  ...saidIn(swarm, messages, swarm.kinds),
  ...saidIn(
    linear,
    linearMessages,
    linear.kinds.filter((kind) => kind === 'decided' || !swarm.kinds.includes(kind)),
  ),
];

it('there is a message of every kind', () =>
  expect(new Set(said.map(({ kind }) => kind))).toEqual(new Set(Object.keys(MESSAGE_KINDS))));

const openCode = (message: Signed, by = opener): string => openCodeBy(by, message);

describe('open', () => {
  it.each(said)('accepts a valid $kind of $engine and gives it back whole', ({ opener, message }) => {
    expect(opener.open(encodeMessage(message))).toEqual(message);
  });

  it.each(said)('refuses a $kind of $engine with any byte changed', ({ kind, opener, message }) => {
    const bytes = encodeMessage(message);
    const verdicts = new Set<string>();
    for (let at = 0; at < bytes.length; at++) {
      // Whoever brings the end of an epoch need not be known: nobody looks at that signature.
      if (kind === 'epochChange' && at >= HEADER_BYTES + 2 && at < HEADER_BYTES + 2 + 64) continue;
      for (const bit of [0x01, 0x80]) verdicts.add(codeOf(opener.open(bytes.with(at, (bytes[at] ?? 0) ^ bit))));
    }
    expect(verdicts).not.toContain('accepted');
    for (const verdict of verdicts) expect(REJECTION_CODES).toContain(verdict);
  });

  it.each(said)(
    'refuses a $kind of $engine that is cut short or has bytes after its end',
    ({ kind, opener, message }) => {
      const bytes = encodeMessage(message);
      const payloadAt = HEADER_BYTES + 2 + 64;
      for (let length = 0; length < bytes.length; length++) {
        // A PRE-PREPARE may come without its batch: the vote alone, which the signature covers.
        const vote = kind === 'prePrepare' && length === payloadAt;
        expect([length, isRejection(opener.open(bytes.subarray(0, length)))]).toEqual([length, !vote]);
      }
      expect(isRejection(opener.open(Uint8Array.from([...bytes, 0])))).toBe(true);
    },
  );

  it('never throws, whatever comes, and accepts canonical bytes only', () => {
    const valid = said.map(({ message }) => encodeMessage(message));
    const junk = fc.uint8Array({ maxLength: 400 });
    const spliced = fc
      .tuple(fc.constantFrom(...valid), fc.nat(2000), junk)
      .map(([bytes, at, tail]) => Uint8Array.from([...bytes.subarray(0, at), ...tail]));
    fc.assert(
      fc.property(fc.oneof(junk, spliced), fc.constantFrom(swarm.opener(), linear.opener()), (bytes, opener) => {
        const result = opener.open(bytes);
        if (isRejection(result)) expect(REJECTION_CODES).toContain(result.code);
        else expect(encodeMessage(result)).toEqual(bytes);
        expect(codeOf(opener.openEnvelope(bytes))).not.toBe('accepted');
      }),
      { numRuns: 1000 },
    );
  });

  it('never throws over a payload that a member signed for', () => {
    fc.assert(
      fc.property(fc.constantFrom(...said), fc.uint8Array({ minLength: 1, maxLength: 300 }), (one, payload) => {
        const { kind, by, opener } = one;
        const { sender, view } = one.message;
        // The digest is the payload's, so that nothing but its layout stands in the way.
        const digest = purposeDigest(nativeHash, 'payload', payload);
        const statement = by.statement(kind, sender, { view, digest });
        const vote = {
          ...statement,
          kind: 'prepare' as const,
          signature: by.member(sender).signStatement(statement),
        };
        const bytes = Uint8Array.from([...encodeMessage(vote).with(1, MESSAGE_KINDS[kind]), ...payload]);
        expect(['malformed', 'bad_digest']).toContain(codeOf(opener.open(bytes)));
      }),
      { numRuns: 500 },
    );
  });

  const { draft } = drafts.prepare;
  const stranger = swarm.signer(signatureSuite('ed25519').generate().privateKey);
  const key = swarm.keys[1]!.privateKey;
  const otherSwarm = swarm.signer(key, { swarmId: someDigest('other') });
  const otherTable = swarm.signer(key, { tableHash: someDigest('other') });
  const later = { ...swarm.statement('prepare', 1, { sequence: 1 }), epoch: epoch(1) };
  const rows: { name: string; message: Signed; code: string }[] = [
    { name: 'a sender outside the table', message: swarm.seal(4, draft, stranger.signStatement), code: 'not_a_member' },
    {
      name: "a stranger's signature in a member's name",
      message: swarm.seal(1, draft, stranger.signStatement),
      code: 'bad_signature',
    },
    {
      name: "another member's signature",
      message: swarm.seal(1, draft, swarm.member(2).signStatement),
      code: 'bad_signature',
    },
    {
      name: 'another epoch',
      message: { ...later, signature: swarm.member(1).signStatement(later) },
      code: 'wrong_epoch',
    },
    {
      name: 'a proposal by another than the leader',
      message: swarm.seal(1, drafts.prePrepare.draft),
      code: 'not_the_leader',
    },
    {
      name: 'a NEW-VIEW by another than the leader',
      message: swarm.seal(2, drafts.newView.draft),
      code: 'not_the_leader',
    },
    { name: 'a PREPARE by the leader', message: swarm.seal(0, draft), code: 'malformed' },
    {
      name: 'a signature for another swarm',
      message: swarm.seal(1, draft, otherSwarm.signStatement),
      code: 'bad_signature',
    },
    {
      name: 'a signature under another epoch table',
      message: swarm.seal(1, draft, otherTable.signStatement),
      code: 'bad_signature',
    },
    {
      name: 'a signature made for another kind',
      message: { ...messages.prepare, kind: 'commit' },
      code: 'bad_signature',
    },
    {
      name: 'an empty signature',
      message: { ...messages.prepare, signature: new Uint8Array(0) },
      code: 'bad_signature',
    },
    {
      name: 'a batch that is not the one signed for',
      message: swarm.seal(0, { ...drafts.prePrepare.draft, digest: someDigest('other') }),
      code: 'bad_digest',
    },
  ];
  it.each(rows)('refuses $name: $code', ({ message, code }) => expect(openCode(message)).toBe(code));
});

describe('verifyStatement', () => {
  it('holds members of its own epoch to their own key', () => {
    const statement = swarm.statement('commit', 1, { sequence: 1 });
    const by = (signer: MemberSigner, change: Partial<Statement> = {}): boolean => {
      const said = { ...statement, ...change };
      return opener.verifyStatement(said, signer.signStatement(said));
    };
    expect(by(swarm.member(1))).toBe(true);
    expect(by(swarm.member(2))).toBe(false);
    expect(by(swarm.member(1), { epoch: epoch(1) })).toBe(false);
    expect(by(swarm.member(1), { sender: memberIndex(4) })).toBe(false);
    expect(opener.verifyStatement({ ...statement, view: view(1) }, swarm.member(1).signStatement(statement))).toBe(
      false,
    );
  });
});

describe('the order of the checks', () => {
  it('asks admit for members of the epoch only, and before any signature', () => {
    const { suite, checks } = counting();
    const asked: MessageKind[] = [];
    const closed = swarm.opener({
      suite,
      admit(statement) {
        asked.push(statement.kind);
        return reject('outside_window', 'closed');
      },
    });
    expect(openCode(messages.commit, closed)).toBe('outside_window');
    expect(openCode({ ...messages.commit, epoch: epoch(1) }, closed)).toBe('wrong_epoch');
    expect(openCode({ ...messages.commit, sender: memberIndex(9) }, closed)).toBe('not_a_member');
    expect(asked).toEqual(['commit']);
    expect(checks()).toBe(0);
  });

  it('spends one signature check on a message that is not its sender’s, whatever it holds', () => {
    const { suite, checks } = counting();
    const forged = { ...messages.viewChange, signature: messages.commit.signature };
    expect(openCode(forged, swarm.opener({ suite }))).toBe('bad_signature');
    expect(checks()).toBe(1);
  });

  it('refuses an oversized message unread', () => {
    const { suite, checks } = counting();
    const { messageBytesMax } = wireLimits(swarm.committee.table);
    const huge = new Uint8Array(messageBytesMax + 1);
    huge.set(encodeMessage(messages.commit));
    expect(codeOf(swarm.opener({ suite }).open(huge))).toBe('oversized');
    expect(checks()).toBe(0);
  });

  it('is refused to be built for another scheme than the table’s', () => {
    expect(() => swarm.opener({ suite: signatureSuite('rsa-pss-2048') })).toThrow(InvariantError);
  });
});

describe('envelopes', () => {
  const { envelopes } = messages.requests;
  const byClient = envelopes[0]!;
  const byGateway = envelopes[1]!;

  it('opens what a client or a gateway signed', () => {
    for (const envelope of swarm.envelopes()) expect(opener.openEnvelope(envelope.bytes)).toEqual(envelope);
  });

  it.each(swarm.envelopes().map((envelope) => ({ kind: envelope.signer.kind, bytes: envelope.bytes })))(
    'refuses an envelope of a $kind with any byte changed',
    ({ bytes }) => {
      for (let at = 0; at < bytes.length; at++) {
        expect(['malformed', 'inauthentic_request']).toContain(
          codeOf(opener.openEnvelope(bytes.with(at, (bytes[at] ?? 0) ^ 1))),
        );
      }
    },
  );

  const other = new TestSwarm('ed25519', 4, 'another swarm');
  const oversized = new Uint8Array(wireLimits(swarm.committee.table).envelopeBytesMax + 1);
  const inauthentic = swarm.member(1).signEnvelope(gatewayBody('n2', 1n, 'x'));
  const rows = [
    {
      name: 'an envelope that another member signed than it names',
      bytes: inauthentic.bytes,
      code: 'inauthentic_request',
    },
    {
      name: 'a gateway that is no member',
      bytes: swarm.member(1).signEnvelope(gatewayBody('n9', 1n, 'x')).bytes,
      code: 'inauthentic_request',
    },
    {
      name: 'a client of another swarm',
      bytes: other.client.signEnvelope({ firstNonce: 1n, requests: [request('x')] }).bytes,
      code: 'inauthentic_request',
    },
    { name: 'an oversized envelope', bytes: oversized, code: 'oversized' },
    { name: 'no bytes', bytes: new Uint8Array(0), code: 'malformed' },
  ];
  it.each(rows)('refuses $name: $code', ({ bytes, code }) => expect(codeOf(opener.openEnvelope(bytes))).toBe(code));

  it('refuses a proposal and a relay that hold one inauthentic envelope', () => {
    const mixed = [...envelopes, inauthentic];
    const batch = createBatch(nativeHash, millis(1_700_000_000_000), mixed);
    expect(openCode(swarm.seal(0, { ...drafts.prePrepare.draft, batch, digest: batch.digest }))).toBe(
      'inauthentic_request',
    );
    expect(openCode(swarm.seal(1, { ...drafts.requests.draft, envelopes: mixed }))).toBe('inauthentic_request');
  });

  it('checks an envelope once, though it comes again', () => {
    const { suite, checks } = counting();
    const fresh = swarm.opener({ suite });
    expect(openCode(messages.requests, fresh)).toBe('accepted');
    expect(checks()).toBe(3); // the relay, and its two envelopes
    expect(openCode(messages.prePrepare, fresh)).toBe('accepted');
    expect(codeOf(fresh.openEnvelope(byClient.bytes))).toBe('accepted');
    expect(codeOf(fresh.openEnvelope(byGateway.bytes))).toBe('accepted');
    expect(checks()).toBe(4);
  });

  it('remembers no failure, and forgets beyond its bound', () => {
    const { suite, checks } = counting();
    const small = swarm.opener({ suite, envelopeCacheMax: 2 });
    for (let i = 0; i < 3; i++) expect(small.verifyEnvelope(inauthentic)).toBe(false);
    expect(checks()).toBe(3);
    const many = [1n, 2n, 3n, 4n].map((nonce) =>
      swarm.client.signEnvelope({ firstNonce: nonce, requests: [request('x')] }),
    );
    for (const envelope of [...many, ...many]) expect(small.verifyEnvelope(envelope)).toBe(true);
    expect(checks()).toBe(3 + 8);
  });

  it('does not take a changed signature for one that it remembers', () => {
    const fresh = swarm.opener();
    expect(codeOf(fresh.openEnvelope(byClient.bytes))).toBe('accepted');
    const last = byClient.bytes.length - 1;
    expect(codeOf(fresh.openEnvelope(byClient.bytes.with(last, (byClient.bytes[last] ?? 0) ^ 1)))).toBe(
      'inauthentic_request',
    );
  });
});

describe('memory', () => {
  const inChunk = (bytes: Uint8Array): Buffer => {
    const chunk = Buffer.alloc(64 * 1024);
    chunk.set(bytes, 1000);
    return chunk.subarray(1000, 1000 + bytes.length);
  };

  it('keeps no view on the chunk that a message came in', () => {
    const vote = opener.open(inChunk(encodeMessage(messages.commit)));
    const proposal = opener.open(inChunk(encodeMessage(messages.prePrepare)));
    const envelope = opener.openEnvelope(inChunk(swarm.envelopes()[0]!.bytes));
    expect(vote).toEqual(messages.commit);
    expect(proposal).toEqual(messages.prePrepare);
    const kept = [
      (vote as Signed).signature,
      (proposal as typeof messages.prePrepare).signature,
      (proposal as typeof messages.prePrepare).batch!.envelopes[0]!.bytes,
      (envelope as { bytes: Uint8Array }).bytes,
    ];
    for (const bytes of kept) {
      expect(bytes.buffer.byteLength).toBeLessThan(4096);
      expect(Buffer.isBuffer(bytes)).toBe(false);
    }
  });

  it('does not copy a message that has its buffer to itself', () => {
    const bytes = encodeMessage(messages.prePrepare);
    const opened = opener.open(bytes) as typeof messages.prePrepare;
    expect(opened.batch!.envelopes[0]!.bytes.buffer).toBe(bytes.buffer);
  });
});

it('works with RSA-PSS from end to end', () => {
  const rsa = new TestSwarm('rsa-pss-2048');
  const all = rsa.messages();
  const opens = rsa.opener();
  const other = new TestSwarm('rsa-pss-2048', 4, 'linear', 'hotstuff');
  for (const { kind, opener, message } of [
    ...saidIn(rsa, all, rsa.kinds),
    ...saidIn(other, other.messages(), other.kinds),
  ])
    expect([kind, opener.open(encodeMessage(message))]).toEqual([kind, message]);
  for (const envelope of rsa.envelopes()) expect(opens.openEnvelope(envelope.bytes)).toEqual(envelope);
  const forged = { ...all.commit, signature: all.prepare.signature };
  expect(openCode(forged, opens)).toBe('bad_signature');
  const stranger = rsa.member(1).signEnvelope(gatewayBody('n2', 1n, 'x'));
  expect(codeOf(opens.openEnvelope(stranger.bytes))).toBe('inauthentic_request');
});
