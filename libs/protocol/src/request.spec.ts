import * as fc from 'fast-check';
import { asciiBytes, concatBytes, toBase64Url, toHex } from './bytes';
import { portableHash, purposeDigest, purposeHash } from './hash';
import { millis, nodeId, view, type Millis } from './ids';
import {
  CATEGORIES,
  clientId,
  decodeEnvelope,
  encodeEnvelopeBody,
  envelopeBodyHash,
  envelopePriority,
  METADATA_BYTES_MAX,
  parseProposalId,
  PRIORITIES,
  proposalId,
  sealEnvelope,
  signerKey,
  VALUE_BYTES_MAX,
  type Category,
  type Envelope,
  type EnvelopeBody,
  type Priority,
  type Request,
  type Signer,
} from './request';
import { createSwarm, someRequest } from './testing/swarm';
import { LayoutError, Writer } from './wire';

fc.configureGlobal({ seed: 8, numRuns: 200 });

const LIMITS = { requestsMax: 10, envelopeBytesMax: 400_000 };
const NONCE_MAX = 0xffff_ffff_ffff_ffffn;
const gateway: Signer = { kind: 'gateway', nodeId: nodeId('n1'), acceptedView: view(3) };
const client: Signer = { kind: 'client', publicKey: new Uint8Array(32).fill(9) };

const decode = (bytes: Uint8Array, limits = LIMITS): Envelope => decodeEnvelope(portableHash, bytes, limits);
const sealed = (body: EnvelopeBody, signature: Uint8Array = new Uint8Array(64)): Envelope =>
  sealEnvelope(portableHash, body, encodeEnvelopeBody(body), signature);

const anyId = fc.stringMatching(/^[A-Za-z0-9_-]{1,63}$/);
const anyRequest: fc.Arbitrary<Request> = fc.record({
  value: fc.uint8Array({ minLength: 1, maxLength: 40 }),
  category: fc.constantFrom(...CATEGORIES),
  priority: fc.constantFrom(...PRIORITIES),
  proposer: fc.oneof(fc.constant(''), anyId),
  metadata: fc.uint8Array({ maxLength: 20 }),
  expiresAt: fc.maxSafeNat() as fc.Arbitrary<Millis>,
});
const anySigner: fc.Arbitrary<Signer> = fc.oneof(
  fc.uint8Array({ minLength: 32, maxLength: 600 }).map((publicKey) => ({ kind: 'client' as const, publicKey })),
  fc
    .tuple(anyId, fc.maxSafeNat())
    .map(([name, at]) => ({ kind: 'gateway' as const, nodeId: nodeId(name), acceptedView: view(at) })),
);
const anyBody: fc.Arbitrary<EnvelopeBody> = fc.record({
  signer: anySigner,
  firstNonce: fc.bigInt({ min: 0n, max: NONCE_MAX - 9n }),
  requests: fc.array(anyRequest, { minLength: 1, maxLength: 6 }),
});

it('reads what was sealed', () => {
  fc.assert(
    fc.property(anyBody, fc.uint8Array({ maxLength: 512 }), (body, signature) => {
      const envelope = sealed(body, signature);
      expect(decode(envelope.bytes)).toEqual(envelope);
    }),
  );
});

it('derives everything from the bytes', () => {
  const bytes = encodeEnvelopeBody({ signer: client, firstNonce: 5n, requests: [someRequest('a')] });
  const envelope = decode(concatBytes(bytes, Uint8Array.of(0, 2, 7, 7)));
  expect(envelope.id).toBe(purposeDigest(portableHash, 'envelope', envelope.bytes));
  expect(toHex(envelope.bodyHash)).toBe(purposeDigest(portableHash, 'envelope-body', bytes));
  expect(toHex(envelopeBodyHash(portableHash, bytes))).toBe(toHex(envelope.bodyHash));
  expect(envelope.signerKey).toBe(`c:${toBase64Url(purposeHash(portableHash, 'client', client.publicKey))}`);
  expect(Array.from(envelope.signature)).toEqual([7, 7]);
});

it('is laid out as the specification says', () => {
  const request: Request = {
    value: asciiBytes('{}'),
    category: 'configuration',
    priority: 'critical',
    proposer: 'p',
    metadata: asciiBytes('{"a":1}'),
    expiresAt: millis(0x010203),
  };
  const tail = ['0000000000010203', '05', '03', '0170', '000000027b7d', '00077b2261223a317d'].join('');
  expect(toHex(encodeEnvelopeBody({ signer: gateway, firstNonce: NONCE_MAX, requests: [request] }))).toBe(
    ['01', '02', '026e31', '0000000000000003', 'ffffffffffffffff', '0001', tail].join(''),
  );
  expect(toHex(encodeEnvelopeBody({ signer: client, firstNonce: 1n, requests: [request] }))).toBe(
    ['01', '01', '0020', '09'.repeat(32), '0000000000000001', '0001', tail].join(''),
  );
});

it('keeps a member from being taken for a client', () => {
  expect(signerKey(portableHash, gateway)).toBe('g:n1');
  const id = clientId(portableHash, client.publicKey);
  expect(id).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(signerKey(portableHash, { ...gateway, nodeId: nodeId(id) })).not.toBe(signerKey(portableHash, client));
});

describe('bytes that are no envelope', () => {
  const { bytes } = sealed({ signer: gateway, firstNonce: 7n, requests: [someRequest('a'), someRequest('b')] });

  it('at every length that is too short, and with a byte too many', () => {
    for (let length = 0; length < bytes.length; length++)
      expect(() => decode(bytes.subarray(0, length))).toThrow(LayoutError);
    expect(() => decode(Uint8Array.of(...bytes, 0))).toThrow(LayoutError);
  });

  it('whatever single byte changes: refused, or another envelope with those very bytes', () => {
    for (let at = 0; at < bytes.length; at++) {
      for (const mask of [0x01, 0x80, 0xff]) {
        const changed = bytes.with(at, bytes[at]! ^ mask);
        let read: Envelope;
        try {
          read = decode(changed);
        } catch (error) {
          expect(error).toBeInstanceOf(LayoutError);
          continue;
        }
        expect(read.id).not.toBe(decode(bytes).id);
        expect(sealed(read, read.signature).bytes).toEqual(changed);
      }
    }
  });

  /** An envelope by hand, with one thing wrong. */
  const by = (part: {
    layout?: number;
    kind?: number;
    signer?: Writer;
    nonce?: bigint;
    count?: number;
    category?: number;
    priority?: number;
    proposer?: string;
    valueBytes?: number;
    metadataBytes?: number;
    signatureBytes?: number;
  }): Uint8Array => {
    const signer = part.signer ?? new Writer().text('n1').u64(0);
    return new Writer()
      .u8(part.layout ?? 1)
      .u8(part.kind ?? 2)
      .raw(signer.bytes())
      .bigU64(part.nonce ?? 0n)
      .u16(part.count ?? 1)
      .u64(5)
      .u8(part.category ?? 0)
      .u8(part.priority ?? 0)
      .text(part.proposer ?? '')
      .long(new Uint8Array(part.valueBytes ?? 1))
      .short(new Uint8Array(part.metadataBytes ?? 0))
      .short(new Uint8Array(part.signatureBytes ?? 64))
      .bytes();
  };
  const refused: [name: string, part: Parameters<typeof by>[0]][] = [
    ['layout 0', { layout: 0 }],
    ['layout 2', { layout: 2 }],
    ['signer kind 0', { kind: 0 }],
    ['signer kind 3', { kind: 3 }],
    ['a client key of 31 bytes', { kind: 1, signer: new Writer().short(new Uint8Array(31)) }],
    ['a client key of 601 bytes', { kind: 1, signer: new Writer().short(new Uint8Array(601)) }],
    ['a gateway that is no id', { signer: new Writer().text('a.b').u64(0) }],
    ['a gateway without a name', { signer: new Writer().text('').u64(0) }],
    ['a gateway of 64 characters', { signer: new Writer().text('x'.repeat(64)).u64(0) }],
    ['no request', { count: 0 }],
    ['a request too few', { count: 2 }],
    ['an unknown category', { category: CATEGORIES.length }],
    ['an unknown priority', { priority: PRIORITIES.length }],
    ['a proposer that is no id', { proposer: 'a b' }],
    ['a proposer of 64 characters', { proposer: 'x'.repeat(64) }],
    ['no value', { valueBytes: 0 }],
    ['a value above its bound', { valueBytes: VALUE_BYTES_MAX + 1 }],
    ['metadata above its bound', { metadataBytes: METADATA_BYTES_MAX + 1 }],
    ['a signature of 513 bytes', { signatureBytes: 513 }],
  ];
  it.each(refused)('%s', (_, part) => expect(() => decode(by(part))).toThrow(LayoutError));

  it.each([
    ['as it is', {}],
    [
      'with all at their bounds',
      {
        category: CATEGORIES.length - 1,
        priority: PRIORITIES.length - 1,
        proposer: 'x'.repeat(63),
        valueBytes: VALUE_BYTES_MAX,
        metadataBytes: METADATA_BYTES_MAX,
        signatureBytes: 512,
        nonce: NONCE_MAX,
      },
    ],
    ['without a signature: that is for its check to say', { signatureBytes: 0 }],
  ] satisfies typeof refused)('but reads it %s', (_, part) => expect(decode(by(part)).bytes).toEqual(by(part)));

  it('nonces beyond 2^64 - 1', () => {
    const requests = [someRequest('a'), someRequest('b')];
    const { bytes: last } = sealed({ signer: gateway, firstNonce: NONCE_MAX - 1n, requests });
    expect(proposalId(decode(last), 1)).toBe(`n1:3:${String(NONCE_MAX)}`);
    const { bytes: beyond } = sealed({ signer: gateway, firstNonce: NONCE_MAX, requests });
    expect(() => decode(beyond)).toThrow('nonces overflow');
  });

  it('more requests or bytes than the epoch allows', () => {
    expect(() => decode(bytes, { ...LIMITS, requestsMax: 1 })).toThrow(LayoutError);
    expect(decode(bytes, { ...LIMITS, requestsMax: 2 }).requests).toHaveLength(2);
    expect(() => decode(bytes, { ...LIMITS, envelopeBytesMax: bytes.length - 1 })).toThrow(LayoutError);
    expect(decode(bytes, { ...LIMITS, envelopeBytesMax: bytes.length }).requests).toHaveLength(2);
  });

  it('a count of 65535 with 3 bytes left, before anything is made for it', () => {
    const lie = new Writer()
      .u8(1)
      .u8(2)
      .text('n1')
      .u64(0)
      .bigU64(0n)
      .u16(0xffff)
      .raw(Uint8Array.of(1, 2, 3))
      .bytes();
    expect(() => decode(lie, { ...LIMITS, requestsMax: 0xffff })).toThrow('65535 items announced, 3 bytes left');
  });

  it('anything else: a LayoutError, never another', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), fc.boolean(), (junk, headed) => {
        const any = headed ? Uint8Array.of(1, 2, 2, 0x6e, 0x31, ...junk) : junk;
        try {
          const read = decode(any);
          expect(sealed(read, read.signature).bytes).toEqual(any);
        } catch (error) {
          expect(error).toBeInstanceOf(LayoutError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('what cannot be encoded', () => {
  const body = (change: Partial<Request>, firstNonce = 0n): EnvelopeBody => ({
    signer: gateway,
    firstNonce,
    requests: [someRequest('a', change)],
  });
  const rows: [name: string, act: () => unknown][] = [
    ['an unknown category', () => encodeEnvelopeBody(body({ category: 'other' as Category }))],
    ['an unknown priority', () => encodeEnvelopeBody(body({ priority: 'urgent' as Priority }))],
    ['a nonce above 2^64 - 1', () => encodeEnvelopeBody(body({}, NONCE_MAX + 1n))],
    ['a nonce below 0', () => encodeEnvelopeBody(body({}, -1n))],
    ['a deadline that is no safe integer', () => encodeEnvelopeBody(body({ expiresAt: (2 ** 53) as Millis }))],
    ['a proposer beyond ASCII', () => encodeEnvelopeBody(body({ proposer: 'é' }))],
    ['metadata of 64 KiB', () => encodeEnvelopeBody(body({ metadata: new Uint8Array(0x10000) }))],
  ];
  it.each(rows)('%s', (_, act) => expect(act).toThrow(RangeError));
});

describe('proposal ids', () => {
  it('name every request of every envelope, and are read back', () => {
    fc.assert(
      fc.property(anyBody, (body) => {
        const envelope = sealed(body);
        const ids = body.requests.map((_, index) => proposalId(envelope, index));
        expect(new Set(ids).size).toBe(ids.length);
        ids.forEach((id, index) => {
          const accepted = body.signer.kind === 'gateway' ? { acceptedView: body.signer.acceptedView } : {};
          const key = { signerKey: envelope.signerKey, nonce: body.firstNonce + BigInt(index), ...accepted };
          expect(parseProposalId(id)).toEqual(key);
        });
      }),
    );
  });

  it('have one spelling: what is read, is written the same', () => {
    const piece = fc.stringMatching(/^(?:[a-z0]{0,3}|[0-9]{0,21})$/);
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 4 }), (pieces) => {
        const text = pieces.join(':');
        const key = parseProposalId(text);
        if (key === undefined) return;
        const view = key.acceptedView === undefined ? '' : `${String(key.acceptedView)}:`;
        expect(`${key.signerKey.slice(2)}:${view}${String(key.nonce)}`).toBe(text);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['n0:0:0', 'g:n0', 0n, 0],
    ['n0:12:18446744073709551615', 'g:n0', NONCE_MAX, 12],
    ['n0:9007199254740991:1', 'g:n0', 1n, Number.MAX_SAFE_INTEGER],
    ['abc:5', 'c:abc', 5n, undefined],
  ])('reads %s', (text, signer, nonce, acceptedView) => {
    expect(parseProposalId(text)).toEqual({
      signerKey: signer,
      nonce,
      ...(acceptedView === undefined ? {} : { acceptedView }),
    });
  });

  it.each([
    '',
    'n0',
    ':5',
    'n0:',
    'n0:01',
    'n0:0:01',
    'n0:00:1',
    'n0:-1',
    'n0:1:2:3',
    'n0:+1',
    'n0:1.0',
    'n0: 1',
    'n0:1\n',
    'a.b:1',
    `${'x'.repeat(64)}:1`,
    'n0:18446744073709551616',
    'n0:0:18446744073709551616',
    'n0:9007199254740992:1',
    'n0:0x1',
  ])('refuses %j', (text) => expect(parseProposalId(text)).toBeUndefined());
});

it('is as urgent as its most urgent request', () => {
  const swarm = createSwarm();
  const of = (...priorities: Priority[]): number =>
    envelopePriority(
      swarm.gatewayEnvelope(
        0,
        1n,
        priorities.map((priority) => someRequest('a', { priority })),
      ),
    );
  expect([of('low'), of('normal'), of('low', 'critical', 'normal'), of('high', 'low')]).toEqual([0, 1, 3, 2]);
});

it('keeps the wire codes of categories and priorities', () => {
  expect(CATEGORIES).toEqual([
    'general',
    'model_update',
    'strategy_change',
    'resource_allocation',
    'safety_critical',
    'configuration',
    'system',
  ]);
  expect(PRIORITIES).toEqual(['low', 'normal', 'high', 'critical']);
});
