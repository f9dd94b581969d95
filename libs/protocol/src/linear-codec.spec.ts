import { encodeBatch } from './batch';
import { toHex } from './bytes';
import { writeCheckpointCertificate } from './certificate-codec';
import { UNDECIDED_MAX } from './certificates';
import { decodePayload, payloadDigest } from './codec';
import { NULL_DIGEST, portableHash } from './hash';
import { sequence, view } from './ids';
import type { MessageKind, Statement } from './messages';
import { isRejection } from './rejection';
import { forgedBlock, forgedTimeout } from './testing/forger';
import { someBatch } from './testing/samples';
import { createSwarm, someContent, someDigest } from './testing/swarm';
import { Writer } from './wire';

const swarm = createSwarm({ engine: 'hotstuff' });
const three = Uint8Array.of(1, 2, 3);
const statement = (kind: MessageKind, change: Partial<Statement>): Statement => ({
  ...swarm.statement(kind, 2, { view: 2, sequence: 0, digest: NULL_DIGEST }),
  ...change,
});
const decidedAt = { view: view(0), sequence: sequence(9) };
const commitHead = (): Writer => new Writer().u64(0).u64(9).digest(NULL_DIGEST);
const stable = (): Writer => {
  const writer = new Writer();
  writeCheckpointCertificate(writer, swarm.checkpointCertificate(8, someContent('8'), [0, 1, 3]));
  return writer;
};

const signatures = (count: number): Writer => {
  const writer = new Writer().u16(count);
  for (let i = 0; i < count; i++) writer.u16(i).short(new Uint8Array(64));
  return writer;
};
const justify = (): Writer => new Writer().u64(5).u64(9).digest(NULL_DIGEST);
const reference = (): Writer => new Writer().u64(5).digest(NULL_DIGEST);
const proposed = (batch = NULL_DIGEST): Writer => reference().digest(batch);
const named = (sender: number): Uint8Array => new Writer().u16(sender).raw(reference().bytes()).short(three).bytes();
const given = (count: number): Writer => new Writer().u8(2).u64(7).u16(count);
const refused: [kind: MessageKind, what: string, writer: Writer, change: Partial<Statement>][] = [
  ['vote', 'a payload', new Writer().u8(0), {}],
  ['proposal', 'nothing', new Writer(), {}],
  ['proposal', 'flags that there are not', proposed().u8(4), {}],
  ['proposal', '65535 votes with 3 bytes left', proposed().u8(1).raw(justify().bytes()).u16(0xffff).raw(three), {}],
  ['proposal', 'more votes than members', proposed().u8(1).raw(justify().bytes()).raw(signatures(5).bytes()), {}],
  [
    'proposal',
    'a vote’s signature above its bound',
    proposed().u8(1).raw(justify().bytes()).u16(1).u16(0).short(new Uint8Array(65)),
    {},
  ],
  ['proposal', 'no batch where the header names one', proposed(someDigest('batch')).u8(0), {}],
  [
    'proposal',
    'a batch where the header names none',
    proposed()
      .u8(0)
      .raw(encodeBatch(someBatch(swarm))),
    {},
  ],
  [
    'proposal',
    'another batch than the header names',
    proposed(someDigest('batch'))
      .u8(0)
      .raw(encodeBatch(someBatch(swarm))),
    {},
  ],
  ['proposal', 'an empty batch', proposed().u8(0).raw(new Writer().u8(1).u64(1).u16(0).bytes()), {}],
  ['timeout', 'nothing', new Writer(), {}],
  ['timeout', 'a sequence', reference().u8(0), { sequence: sequence(1) }],
  ['timeout', 'a byte after its end', reference().u8(0).u8(0), {}],
  ['syncInfo', 'nothing', new Writer(), {}],
  ['syncInfo', 'a sequence', new Writer().u8(0), { sequence: sequence(1) }],
  ['syncInfo', 'a byte after its end', new Writer().u8(0).u8(0), {}],
  ['syncInfo', 'signers that descend', given(2).raw(named(1)).raw(named(0)), {}],
  ['syncInfo', 'a signer twice', given(2).raw(named(1)).raw(named(1)), {}],
  ['syncInfo', 'more timeouts than members', given(5).raw(new Uint8Array(5 * 44)), {}],
  ['syncInfo', '4 timeouts with 3 bytes left', given(4).raw(three), {}],
  [
    'syncInfo',
    'a named view above 2^53 - 1',
    given(1).u16(0).raw(new Uint8Array(8).fill(0xff)).digest(NULL_DIGEST).short(three),
    {},
  ],
  ['stable', 'nothing', new Writer(), { view: view(0) }],
  ['stable', 'a view', stable(), { sequence: sequence(8) }],
  ['decided', 'a certificate without its chain', commitHead().u16(0), decidedAt],
  ['decided', 'a chain with 3 bytes left', commitHead().u16(0).raw(reference().bytes()).u16(2).raw(three), decidedAt],
  [
    'decided',
    'more blocks than may be undecided',
    commitHead()
      .u16(0)
      .raw(reference().bytes())
      .u16(UNDECIDED_MAX + 1)
      .raw(new Uint8Array(40 * (UNDECIDED_MAX + 1))),
    decidedAt,
  ],
];

/** Opens a payload under a digest that is right: only the layout stands in the way. */
function open(kind: MessageKind, payload: Uint8Array, change: Partial<Statement>): string {
  const said = statement(kind, change);
  let digest = payloadDigest(portableHash, said, payload);
  if (kind === 'timeout') digest = forgedTimeout({ view: 5, digest: NULL_DIGEST });
  if (kind === 'proposal')
    digest = forgedBlock({ ...said, parent: { view: 5, digest: NULL_DIGEST }, batch: toHex(payload.subarray(40, 72)) });
  const frame = { statement: { ...said, digest }, signature: new Uint8Array(64), payload };
  const read = decodePayload(portableHash, frame, swarm.limits);
  return isRejection(read) ? read.code : 'accepted';
}

describe('payloads that lie or do not fit', () => {
  it.each(refused)('%s: %s', (kind, _, writer, change) => expect(open(kind, writer.bytes(), change)).toBe('malformed'));

  it('STABLE for another sequence than its certificate’s', () => {
    const at = (height: number): string =>
      open('stable', stable().bytes(), { view: view(0), sequence: sequence(height) });
    expect([at(8), at(16)]).toEqual(['accepted', 'malformed']);
  });

  const readable: [kind: MessageKind, what: string, writer: Writer, change: Partial<Statement>][] = [
    ['vote', 'nothing', new Writer(), {}],
    ['proposal', 'a header alone', proposed().u8(0), { sequence: sequence(10) }],
    ['proposal', 'as many votes as members', proposed().u8(1).raw(justify().bytes()).raw(signatures(4).bytes()), {}],
    ['timeout', 'a block and no proof', reference().u8(0), {}],
    ['syncInfo', 'certificates of nobody: that is for their check to say', given(0), {}],
    [
      'decided',
      'a chain of one: that is for its check to say',
      commitHead().u16(0).raw(reference().bytes()).u16(0),
      decidedAt,
    ],
  ];
  it.each(readable)('but reads %s: %s', (kind, _, writer, change) =>
    expect(open(kind, writer.bytes(), change)).toBe('accepted'),
  );
});
