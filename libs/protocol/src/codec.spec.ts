import { BROKER_PAYLOAD_BYTES } from './broker';
import * as fc from 'fast-check';
import { encodeBatch } from './batch';
import { equalBytes, toHex } from './bytes';
import { checkpointDigest } from './certificates';
import {
  readCheckpointCertificate,
  readCommitCertificate,
  readPreparedCertificate,
  writeCheckpointCertificate,
  writeCommitCertificate,
  writePreparedCertificate,
} from './certificate-codec';
import {
  decodeFrame,
  decodePayload,
  encodeMessage,
  encodePayload,
  HEADER_BYTES,
  payloadDigest,
  WIRE_VERSION,
  type Frame,
} from './codec';
import type { WireLimits } from './wire-limits';
import { NULL_DIGEST, portableHash } from './hash';
import { sequence, view } from './ids';
import {
  FETCH_CHUNKS_MAX,
  FETCH_ITEMS_MAX,
  MESSAGE_KINDS,
  SLOTS_IN_STATUS_MAX,
  WAITING_IN_STATUS_MAX,
  type MessageKind,
  type Signed,
  type Statement,
} from './messages';
import { isRejection, REJECTION_CODES, type Rejection } from './rejection';
import { STATE_CHUNK_BYTES } from './state-chunks';
import { linearSamples } from './testing/linear-samples';
import { sampleMessage, sampleMessages, someBatch } from './testing/samples';
import { createSwarm, someContent, someDigest } from './testing/swarm';
import { checkContent } from './validity';
import { LayoutError, Reader, Writer } from './wire';

fc.configureGlobal({ seed: 11, numRuns: 300 });

const swarm = createSwarm();
const linear = createSwarm({ engine: 'hotstuff' });
const { limits } = swarm;
const samples = [
  ...sampleMessages(swarm).map((sample) => ({ ...sample, by: swarm })),
  ...linearSamples(linear, someBatch(linear)).map((sample) => ({ ...sample, by: linear })),
];
const kinds = Object.keys(MESSAGE_KINDS) as MessageKind[];
/** Bytes before the payload of a message with a 64-byte signature. */
const PAYLOAD_AT = HEADER_BYTES + 2 + 64;

function open(bytes: Uint8Array, within: WireLimits = limits): Signed | Rejection {
  const frame = decodeFrame(bytes, within);
  return isRejection(frame) ? frame : decodePayload(portableHash, frame, within);
}

/** Opens a payload that its sender has signed for: the digest is right, so that only the layout stands in the way. */
function openPayload(statement: Statement, payload: Uint8Array, within: WireLimits = limits): Signed | Rejection {
  const digest = payloadDigest(portableHash, statement, payload);
  return decodePayload(
    portableHash,
    { statement: { ...statement, digest }, signature: new Uint8Array(64), payload },
    within,
  );
}

/** Kinds of which the signature does not cover the certificates inside: these prove themselves. */
const WITH_OPEN_PROOF: readonly MessageKind[] = ['proposal', 'timeout'];

const codeOf = (result: Signed | Frame | Rejection): string => (isRejection(result) ? result.code : 'accepted');

describe('every kind', () => {
  it('has a sample', () => expect(new Set(samples.map(({ message }) => message.kind))).toEqual(new Set(kinds)));

  it.each(samples)('$name: comes back as it was, from canonical bytes', ({ message, by }) => {
    const bytes = encodeMessage(message);
    const read = open(bytes, by.limits);
    expect(read).toEqual(message);
    expect(toHex(encodeMessage(read as Signed))).toBe(toHex(bytes));
    expect(bytes).toHaveLength(PAYLOAD_AT + encodePayload(message).length);
  });

  it.each(samples)('$name: is read from a view into a larger buffer', ({ message, by }) => {
    const bytes = encodeMessage(message);
    const larger = new Uint8Array(bytes.length + 9).fill(0xee);
    larger.set(bytes, 5);
    expect(open(larger.subarray(5, 5 + bytes.length), by.limits)).toEqual(message);
  });

  it.each(samples)('$name: every shorter length is refused', ({ message, by }) => {
    const bytes = encodeMessage(message);
    for (let length = 0; length < bytes.length; length++) {
      const cut = bytes.subarray(0, length);
      const read = open(cut, by.limits);
      // Only a PRE-PREPARE may lose its payload: the batch may travel apart, and the signature covers its digest.
      if (message.kind === 'prePrepare' && length === PAYLOAD_AT)
        expect(read).toEqual({ ...message, batch: undefined });
      else {
        const allowed = length < PAYLOAD_AT ? ['malformed'] : ['malformed', 'bad_digest'];
        expect([length, allowed.includes(codeOf(read))]).toEqual([length, true]);
      }
    }
  });

  it.each(samples)('$name: a byte too many is refused', ({ message, by }) => {
    expect(['malformed', 'bad_digest']).toContain(codeOf(open(Uint8Array.of(...encodeMessage(message), 0), by.limits)));
  });

  it.each(samples)(
    '$name: any byte changed is refused, or reads as another message with those very bytes',
    ({ message, by }) => {
      const bytes = encodeMessage(message);
      for (let at = 0; at < bytes.length; at++) {
        for (const mask of [0x01, 0x80]) {
          const changed = bytes.with(at, bytes[at]! ^ mask);
          const read = open(changed, by.limits);
          if (isRejection(read)) continue;
          expect(equalBytes(encodeMessage(read), changed)).toBe(true);
          // Past the frame nothing can change unnoticed: the signed digest covers the payload, or a certificate breaks.
          if (at >= PAYLOAD_AT) {
            expect(WITH_OPEN_PROOF).toContain(message.kind);
            expect(checkContent(by.context, read)).toBeDefined();
          }
        }
      }
    },
  );

  it.each(samples)(
    '$name: any byte of a signed payload changed is refused, or reads as those very bytes',
    ({ message, by }) => {
      const payload = encodePayload(message);
      for (let at = 0; at < payload.length; at++) {
        for (const mask of [0x01, 0xff]) {
          const changed = payload.with(at, payload[at]! ^ mask);
          const read = openPayload(message, changed, by.limits);
          if (!isRejection(read)) expect(equalBytes(encodePayload(read), changed)).toBe(true);
        }
      }
    },
  );

  it.each(kinds)('%s: its code stands in the second byte', (kind) => {
    const bytes = encodeMessage(samples.find(({ message }) => message.kind === kind)!.message);
    expect([bytes[0], bytes[1]]).toEqual([WIRE_VERSION, MESSAGE_KINDS[kind]]);
  });
});

it('has the header that the specification says', () => {
  const statement = { epoch: swarm.committee.epoch, view: view(0x0102), sequence: sequence(0x030405) };
  const message = { ...sampleMessage(swarm, 'commit'), ...statement, signature: Uint8Array.of(7, 8) };
  expect(toHex(encodeMessage(message))).toBe(
    ['01', '03', '0000000000000000', '0002', '0000000000000102', '0000000000030405', message.digest, '00020708'].join(
      '',
    ),
  );
});

describe('frames', () => {
  const commit = sampleMessage(swarm, 'commit');
  const bytes = encodeMessage(commit);
  const rows: [name: string, bytes: Uint8Array, code: string][] = [
    ['nothing', new Uint8Array(0), 'malformed'],
    ['version 0', bytes.with(0, 0), 'unsupported_version'],
    ['version 2', bytes.with(0, 2), 'unsupported_version'],
    ['a version alone', Uint8Array.of(1), 'malformed'],
    ['kind 0', bytes.with(1, 0), 'unknown_kind'],
    ['kind 20', bytes.with(1, 20), 'unknown_kind'],
    ['an epoch above 2^53 - 1', bytes.with(2, 1), 'malformed'],
    ['a view above 2^53 - 1', bytes.with(12, 1), 'malformed'],
    ['a sequence above 2^53 - 1', bytes.with(20, 1), 'malformed'],
    ['a signature above its bound', encodeMessage({ ...commit, signature: new Uint8Array(65) }), 'malformed'],
    [
      'a signature of 65535 bytes with 64 left',
      bytes.with(HEADER_BYTES, 0xff).with(HEADER_BYTES + 1, 0xff),
      'malformed',
    ],
    ['more bytes than the largest message', new Uint8Array(limits.messageBytesMax + 1), 'oversized'],
    ['as many bytes as the largest message, all 0', new Uint8Array(limits.messageBytesMax), 'unsupported_version'],
  ];
  it.each(rows)('%s', (_, wrong, code) => expect(codeOf(decodeFrame(wrong, limits))).toBe(code));

  it('may be as large as a broker carries where they prove a later epoch, whose table may be larger than this one', () => {
    const proof = encodeMessage(sampleMessage(swarm, 'epochChange'));
    const padded = (length: number, from: Uint8Array): Uint8Array => {
      const larger = new Uint8Array(length);
      larger.set(from);
      return larger;
    };
    expect(codeOf(decodeFrame(padded(BROKER_PAYLOAD_BYTES, proof), limits))).toBe('accepted');
    expect(codeOf(decodeFrame(padded(BROKER_PAYLOAD_BYTES + 1, proof), limits))).toBe('oversized');
    expect(codeOf(decodeFrame(padded(limits.messageBytesMax + 1, bytes), limits))).toBe('oversized');
  });

  it('are read without a look at the payload', () => {
    const frame = decodeFrame(Uint8Array.of(...bytes, 1, 2, 3), limits) as Frame;
    const { kind, epoch, view: at, sequence: slot, digest, sender } = commit;
    expect(frame.statement).toEqual({ kind, epoch, view: at, sequence: slot, digest, sender });
    expect(Array.from(frame.payload)).toEqual([1, 2, 3]);
    expect(toHex(frame.signature)).toBe(toHex(commit.signature));
  });
});

describe('the signed digest is the payload’s', () => {
  const batch = someBatch(swarm);
  it.each(samples.filter(({ message }) => !['prepare', 'commit', 'vote'].includes(message.kind)))(
    '$name',
    ({ name, message, by }) => {
      const read = open(encodeMessage({ ...message, digest: someDigest('other') }), by.limits);
      // Without its batch a PRE-PREPARE is a vote for a digest, whatever it is.
      expect(codeOf(read)).toBe(name === 'prePrepare vote-only' ? 'accepted' : 'bad_digest');
    },
  );

  it('CHECKPOINT signs a digest of sequence and content', () => {
    const message = sampleMessage(swarm, 'checkpoint');
    expect(message.digest).toBe(checkpointDigest(portableHash, message.sequence, message.content));
    expect(codeOf(open(encodeMessage({ ...message, sequence: sequence(16) })))).toBe('bad_digest');
  });

  it('PRE-PREPARE signs the batch’s digest, and has no content for the null batch', () => {
    const message = sampleMessage(swarm, 'prePrepare');
    expect(message.digest).toBe(batch.digest);
    const fields = { ...message, digest: NULL_DIGEST };
    expect(codeOf(open(encodeMessage(fields)))).toBe('malformed');
    expect(codeOf(open(encodeMessage({ ...fields, batch: undefined })))).toBe('accepted');
  });
});

describe('payloads that lie or do not fit', () => {
  const statement = (kind: MessageKind, change: Partial<Statement> = {}): Statement => ({
    ...swarm.statement(kind, 2, { view: 2, sequence: 0, digest: NULL_DIGEST }),
    ...change,
  });
  const three = Uint8Array.of(1, 2, 3);
  const stable = swarm.checkpointCertificate(8, someContent('8'), [0, 1, 3]);
  const prepared = (at: number, inView = 0): Writer => {
    const writer = new Writer();
    writePreparedCertificate(
      writer,
      swarm.preparedCertificate({ view: inView, sequence: at, digest: NULL_DIGEST }, [1, 2]),
    );
    return writer;
  };
  const withStable = (): Writer => {
    const writer = new Writer().u8(1);
    writeCheckpointCertificate(writer, stable);
    return writer;
  };
  const decidedAt = { view: view(0), sequence: sequence(9) };
  const commitHead = (): Writer => new Writer().u64(0).u64(9).digest(NULL_DIGEST);
  const newViewHead = (): Writer => new Writer().u16(0);
  const entry = (at: number): Uint8Array => new Writer().u64(at).digest(NULL_DIGEST).short(new Uint8Array(64)).bytes();
  const statusHead = (): Writer => new Writer().u64(0).u64(0).u64(1).digest(NULL_DIGEST);
  const silentOf = (...bits: number[]): Writer => statusHead().raw(new Uint8Array(6)).short(Uint8Array.from(bits));
  const noDigests = (): Writer => new Writer().text('n1').u16(0).u16(0).u16(0);
  const wanted = (at: number, from: number, count: number): Writer =>
    noDigests().u64(0).u64(0).u64(at).u32(from).u16(count);
  const offer = (at: number, bytes: number): Writer => {
    const writer = new Writer();
    writeCheckpointCertificate(writer, swarm.checkpointCertificate(at, someContent('8'), [0, 1, 3]));
    return writer.u64(bytes).digest(NULL_DIGEST);
  };
  const manyDigests = (count: number): Writer => {
    const writer = new Writer().u16(count);
    for (let i = 0; i < count; i++) writer.digest(NULL_DIGEST);
    return writer;
  };

  const refused: [kind: MessageKind, what: string, writer: Writer, change: Partial<Statement>][] = [
    ['prepare', 'a payload', new Writer().u8(0), {}],
    ['commit', 'a payload', new Writer().u8(0), {}],
    ['checkpoint', 'nothing', new Writer(), { view: view(0) }],
    ['viewChange', 'nothing', new Writer(), {}],
    ['viewChange', 'a flag of 2', new Writer().u8(2).u32(0), {}],
    ['viewChange', 'a sequence', new Writer().u8(0).u32(0), { sequence: sequence(1) }],
    [
      'viewChange',
      '65535 signatures with 3 bytes left',
      new Writer().u8(1).u64(8).raw(new Uint8Array(72)).u16(0xffff).raw(three),
      {},
    ],
    ['viewChange', '2^32 - 1 certificates', new Writer().u8(0).u32(0xffff_ffff).raw(three), {}],
    ['viewChange', 'as many certificates as the window, with 3 bytes left', new Writer().u8(0).u32(16).raw(three), {}],
    ['viewChange', 'one certificate above the window', new Writer().u8(0).u32(17).raw(new Uint8Array(4000)), {}],
    ['viewChange', 'a certificate for sequence 0', new Writer().u8(0).u32(1).raw(prepared(0).bytes()), {}],
    [
      'viewChange',
      'a certificate twice',
      new Writer().u8(0).u32(2).raw(prepared(3).bytes()).raw(prepared(3).bytes()),
      {},
    ],
    [
      'viewChange',
      'certificates that descend',
      new Writer().u8(0).u32(2).raw(prepared(4).bytes()).raw(prepared(3).bytes()),
      {},
    ],
    ['viewChange', 'a certificate above h + L', new Writer().u8(0).u32(1).raw(prepared(17).bytes()), {}],
    ['viewChange', 'a certificate at its stable checkpoint', withStable().u32(1).raw(prepared(8).bytes()), {}],
    ['viewChange', 'a certificate above its own h + L', withStable().u32(1).raw(prepared(25).bytes()), {}],
    ['viewChange', 'prepared in the view that it asks for', new Writer().u8(0).u32(1).raw(prepared(3, 2).bytes()), {}],
    ['viewChange', 'prepared in a later view', new Writer().u8(0).u32(1).raw(prepared(3, 3).bytes()), {}],
    ['newView', '65535 VIEW-CHANGEs with 3 bytes left', new Writer().u16(0xffff).raw(three), {}],
    ['newView', '4 VIEW-CHANGEs with 3 bytes left', new Writer().u16(4).raw(three), {}],
    [
      'newView',
      'a VIEW-CHANGE twice',
      new Writer().u16(2).u16(1).digest(NULL_DIGEST).u16(1).digest(NULL_DIGEST).u32(0),
      {},
    ],
    [
      'newView',
      'VIEW-CHANGEs that descend',
      new Writer().u16(2).u16(1).digest(NULL_DIGEST).u16(0).digest(NULL_DIGEST).u32(0),
      {},
    ],
    ['newView', 'more VIEW-CHANGEs than members', new Writer().u16(5).raw(new Uint8Array(5 * 34 + 4)), {}],
    ['newView', '2^32 - 1 entries', newViewHead().u32(0xffff_ffff).raw(three), {}],
    ['newView', 'one entry above the window', newViewHead().u32(17).raw(new Uint8Array(4000)), {}],
    ['newView', 'an entry for sequence 0', newViewHead().u32(1).raw(entry(0)), {}],
    ['newView', 'entries with a gap', newViewHead().u32(2).raw(entry(3)).raw(entry(5)), {}],
    ['newView', 'an entry twice', newViewHead().u32(2).raw(entry(3)).raw(entry(3)), {}],
    ['newView', 'a sequence', newViewHead().u32(0), { sequence: sequence(1) }],
    ['status', '65535 slots with 3 bytes left', statusHead().u16(0xffff).raw(three), {}],
    [
      'status',
      `${String(SLOTS_IN_STATUS_MAX + 1)} slots`,
      statusHead()
        .u16(SLOTS_IN_STATUS_MAX + 1)
        .raw(new Uint8Array(2000)),
      {},
    ],
    [
      'status',
      'a slot that is executed',
      statusHead().u16(1).u64(5).u8(1).raw(new Uint8Array(6)),
      { sequence: sequence(5) },
    ],
    ['status', 'a slot twice', statusHead().u16(2).u64(5).u8(1).u64(5).u8(1).raw(new Uint8Array(6)), {}],
    ['status', 'a flag that there is not', statusHead().u16(1).u64(5).u8(8).raw(new Uint8Array(6)), {}],
    [
      'status',
      'too many waiting',
      statusHead()
        .u16(0)
        .raw(manyDigests(WAITING_IN_STATUS_MAX + 1).bytes())
        .raw(new Uint8Array(4)),
      {},
    ],
    ['status', 'more VIEW-CHANGEs than members', statusHead().u16(0).u16(0).u16(5).raw(new Uint8Array(52)), {}],
    ['status', 'silent members with 0 bytes left', statusHead().raw(new Uint8Array(6)).u16(1), {}],
    ['status', 'silent members in two bytes of a swarm of 4', silentOf(1, 1), {}],
    ['status', 'silent members with an empty last byte', silentOf(0), {}],
    ['status', 'a silent member beyond the table', silentOf(0b1_0000), {}],
    [
      'fetch',
      'too many batches',
      new Writer()
        .text('n1')
        .raw(manyDigests(FETCH_ITEMS_MAX + 1).bytes())
        .u16(0)
        .u16(0)
        .u64(0)
        .u64(0)
        .raw(new Uint8Array(14)),
      {},
    ],
    ['fetch', '65535 envelopes with 3 bytes left', new Writer().text('n1').u16(0).u16(0).u16(0xffff).raw(three), {}],
    ['fetch', 'an origin that is no id', new Writer().text('n.1').raw(new Uint8Array(36)), {}],
    ['fetch', 'no origin', new Writer().text('').raw(new Uint8Array(36)), {}],
    ['epochChange', 'nothing', new Writer(), {}],
    ['epochChange', 'no table', new Writer().long(new Uint8Array(0)), {}],
    ['fetch', 'a range from 0', noDigests().u64(0).u64(5).raw(new Uint8Array(14)), {}],
    ['fetch', 'a range to 0', noDigests().u64(5).u64(0).raw(new Uint8Array(14)), {}],
    ['fetch', 'a range that descends', noDigests().u64(6).u64(5).raw(new Uint8Array(14)), {}],
    ['fetch', 'chunks of no snapshot', wanted(0, 0, 1), {}],
    ['fetch', 'a first chunk without a count', wanted(8, 1, 0), {}],
    ['fetch', 'too many chunks', wanted(8, 0, FETCH_CHUNKS_MAX + 1), {}],
    ['status', 'no oldest sequence', new Writer().u64(0).u64(0).u64(0).digest(NULL_DIGEST).raw(new Uint8Array(6)), {}],
    ['snapshot', 'nothing', new Writer(), {}],
    ['snapshot', 'an empty state', offer(8, 0), { sequence: sequence(8) }],
    ['snapshot', 'a certificate for another sequence', offer(8, 1), { sequence: sequence(16) }],
    ['chunk', '4 GiB', new Writer().u32(0).u32(0xffff_ffff).raw(three), {}],
    [
      'chunk',
      'one byte too many',
      new Writer()
        .u32(0)
        .long(new Uint8Array(STATE_CHUNK_BYTES + 1))
        .u8(0),
      {},
    ],
    [
      'chunk',
      'a path that is too long',
      new Writer()
        .u32(0)
        .long(three)
        .u8(33)
        .raw(new Uint8Array(33 * 32)),
      {},
    ],
    ['chunk', 'a path that is cut off', new Writer().u32(0).long(three).u8(2).raw(new Uint8Array(63)), {}],
    ['batch', 'nothing', new Writer(), {}],
    ['decided', 'nothing', new Writer(), decidedAt],
    ['decided', '65535 signatures with 3 bytes left', commitHead().u16(0xffff).raw(three), decidedAt],
    ['decided', 'signers that descend', commitHead().u16(2).u16(1).short(three).u16(0).short(three), decidedAt],
    ['decided', 'a signer twice', commitHead().u16(2).u16(1).short(three).u16(1).short(three), decidedAt],
    ['decided', 'more signers than members', commitHead().u16(5).raw(new Uint8Array(400)), decidedAt],
    ['decided', 'a signature above its bound', commitHead().u16(1).u16(1).short(new Uint8Array(65)), decidedAt],
    [
      'decided',
      'a batch that is not the certified one',
      commitHead()
        .u16(0)
        .raw(encodeBatch(someBatch(swarm))),
      decidedAt,
    ],
    [
      'decided',
      'no batch where one is certified',
      new Writer().u64(0).u64(9).digest(someDigest('batch')).u16(0),
      decidedAt,
    ],
    ['requests', '65535 envelopes with 3 bytes left', new Writer().u16(0xffff).raw(three), {}],
    ['requests', 'an envelope of 4 GiB', new Writer().u16(1).u32(0xffff_ffff).raw(three), {}],
    ['requests', 'an empty envelope', new Writer().u16(1).long(new Uint8Array(0)), {}],
  ];
  it.each(refused)('%s: %s', (kind, _, writer, change) => {
    // Counts are checked against what is left, never made room for: a lie costs no memory, whatever it promises.
    const before = process.memoryUsage().arrayBuffers;
    expect(codeOf(openPayload(statement(kind, change), writer.bytes(), { ...limits, requestsMax: 0xffff }))).toBe(
      'malformed',
    );
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1 << 20);
  });

  it.each([
    ['view', { view: view(1), sequence: sequence(9) }],
    ['sequence', { view: view(0), sequence: sequence(10) }],
  ])('DECIDED in another %s than its certificate', (_, place) =>
    expect(codeOf(openPayload(statement('decided', place), commitHead().u16(0).bytes()))).toBe('malformed'),
  );

  it('CHECKPOINT with a view', () => {
    const message = sampleMessage(swarm, 'checkpoint');
    expect(codeOf(open(encodeMessage({ ...message, view: view(1) })))).toBe('malformed');
  });

  const accepted: [kind: MessageKind, what: string, writer: Writer, change: Partial<Statement>][] = [
    ['viewChange', 'the top of the window', new Writer().u8(0).u32(1).raw(prepared(16, 1).bytes()), {}],
    [
      'viewChange',
      'the top of its own window',
      withStable().u32(2).raw(prepared(9).bytes()).raw(prepared(24).bytes()),
      {},
    ],
    ['newView', 'entries from any place', newViewHead().u32(2).raw(entry(30)).raw(entry(31)), {}],
    [
      'status',
      'as much as there may be',
      statusHead().u16(0).raw(manyDigests(WAITING_IN_STATUS_MAX).bytes()).u16(0).short(Uint8Array.of(0b1111)),
      {},
    ],
    ['fetch', 'one decided sequence', noDigests().u64(5).u64(5).raw(new Uint8Array(14)), {}],
    ['fetch', 'an offer', wanted(8, 0, 0), {}],
    ['fetch', 'as many chunks as there may be', wanted(8, 5, FETCH_CHUNKS_MAX), {}],
    ['snapshot', 'a state of one byte', offer(8, 1), { sequence: sequence(8) }],
    [
      'chunk',
      'a whole one',
      new Writer().u32(9).long(new Uint8Array(STATE_CHUNK_BYTES)).u8(1).raw(new Uint8Array(32)),
      {},
    ],
    ['decided', 'a certificate without signatures: that is for its check to say', commitHead().u16(0), decidedAt],
  ];
  it.each(accepted)('but reads %s: %s', (kind, _, writer, change) =>
    expect(codeOf(openPayload(statement(kind, change), writer.bytes()))).toBe('accepted'),
  );
});

describe('whatever comes', () => {
  const valid = samples.map(({ message }) => encodeMessage(message));
  const junk = fc.uint8Array({ maxLength: 300 });

  it('never throws, gives a code of the list, and accepts canonical bytes only', () => {
    const spliced = fc
      .tuple(fc.constantFrom(...valid), fc.nat(2000), junk)
      .map(([bytes, at, tail]) => Uint8Array.from([...bytes.subarray(0, at), ...tail]));
    const replaced = fc
      .tuple(fc.constantFrom(...valid), fc.nat(), fc.nat(0xff))
      .map(([bytes, at, byte]) => bytes.with(at % bytes.length, byte));
    const headed = fc
      .tuple(fc.integer({ min: 1, max: kinds.length }), junk)
      .map(([kind, tail]) => Uint8Array.from([WIRE_VERSION, kind, ...new Array<number>(7).fill(0), ...tail]));
    fc.assert(
      fc.property(fc.oneof(junk, spliced, replaced, headed), fc.constantFrom(swarm, linear), (bytes, by) => {
        const read = open(bytes, by.limits);
        if (isRejection(read)) expect(REJECTION_CODES).toContain(read.code);
        else expect(equalBytes(encodeMessage(read), bytes)).toBe(true);
      }),
      { numRuns: 1500 },
    );
  });

  it('a payload that was signed for: the same', () => {
    const payloads = samples.map(({ message }) => [message, encodePayload(message)] as const);
    const mangled = fc
      .tuple(fc.constantFrom(...payloads), fc.nat(800), fc.nat(40), junk, fc.boolean())
      .map(([[message, payload], at, length, bytes, keep]) => ({
        message,
        payload: Uint8Array.from([
          ...payload.subarray(0, at),
          ...bytes,
          ...(keep ? payload.subarray(at + length) : []),
        ]),
      }));
    fc.assert(
      fc.property(mangled, fc.constantFrom(swarm, linear), ({ message, payload }, by) => {
        const read = openPayload(message, payload, by.limits);
        if (isRejection(read)) expect(['malformed', 'bad_digest']).toContain(read.code);
        else expect(equalBytes(encodePayload(read), payload)).toBe(true);
      }),
      { numRuns: 1500 },
    );
  });

  it('a payload read as another kind is refused by its digest or its layout', () => {
    for (const { message } of samples) {
      for (const kind of kinds) {
        if (kind === message.kind) continue;
        const changed = encodeMessage(message).with(1, MESSAGE_KINDS[kind]);
        for (const by of [swarm, linear]) {
          const read = open(changed, by.limits);
          if (!isRejection(read)) expect(equalBytes(encodeMessage(read), changed)).toBe(true);
        }
      }
    }
  });
});

describe('certificates', () => {
  const commit = swarm.commitCertificate({ view: 3, sequence: 9, digest: someDigest('batch') }, [0, 2, 3]);
  const prepared = swarm.preparedCertificate({ view: 3, sequence: 9, digest: someDigest('batch') }, [0, 1]);
  const checkpoint = swarm.checkpointCertificate(8, someContent('8'), [0, 1, 3]);
  const written = (write: (writer: Writer) => void): Uint8Array => {
    const writer = new Writer();
    write(writer);
    return writer.bytes();
  };
  const rows = [
    {
      name: 'commit',
      bytes: written((writer) => writeCommitCertificate(writer, commit)),
      read: (reader: Reader) => readCommitCertificate(reader, limits),
      certificate: commit,
    },
    {
      name: 'prepared',
      bytes: written((writer) => writePreparedCertificate(writer, prepared)),
      read: (reader: Reader) => readPreparedCertificate(reader, limits),
      certificate: prepared,
    },
    {
      name: 'checkpoint',
      bytes: written((writer) => writeCheckpointCertificate(writer, checkpoint)),
      read: (reader: Reader) => readCheckpointCertificate(reader, limits),
      certificate: checkpoint,
    },
  ];

  it.each(rows)('a $name certificate comes back', ({ bytes, read, certificate }) => {
    const reader = new Reader(bytes);
    expect(read(reader)).toEqual(certificate);
    expect(reader.left).toBe(0);
  });

  it.each(rows)('a $name certificate that is cut short is refused', ({ bytes, read }) => {
    for (let length = 0; length < bytes.length; length += 3)
      expect(() => read(new Reader(bytes.subarray(0, length)))).toThrow(LayoutError);
  });
});
