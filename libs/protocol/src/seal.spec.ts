import { checkpointDigest } from './certificates';
import { decodeFrame, decodePayload, encodeMessage, encodePayload, payloadDigest } from './codec';
import { NULL_DIGEST, portableHash, purposeDigest } from './hash';
import { memberIndex, sequence, view } from './ids';
import { MESSAGE_KINDS, type ContentOf, type MessageKind, type Signed, type Statement } from './messages';
import { isRejection } from './rejection';
import { seal } from './seal';
import { forgedBlock, forgedTimeout } from './testing/forger';
import { sampleMessages } from './testing/samples';
import { createSwarm, someContent, someDigest } from './testing/swarm';
import { checkContent, committeeOf } from './validity';
import { Writer } from './wire';

const swarm = createSwarm({ epoch: 5 });
const linear = createSwarm({ epoch: 5, engine: 'hotstuff' });
const samples = [swarm, linear].flatMap((by) => sampleMessages(by).map((sample) => ({ ...sample, by })));

const statementOf = ({ kind, epoch, view: at, sequence: slot, digest, sender }: Signed): Statement => ({
  kind,
  epoch,
  view: at,
  sequence: slot,
  digest,
  sender,
});

it.each(samples)('$name: is signed over its own statement, and whoever opens it finds it valid', ({ message, by }) => {
  expect(message.epoch).toBe(5);
  expect(message.signature).toEqual(by.sign(statementOf(message)));
  const frame = decodeFrame(encodeMessage(message), by.limits);
  if (isRejection(frame)) throw new Error(frame.reason);
  expect(frame.statement).toEqual(statementOf(message));
  expect(committeeOf(by.context.epochs, by.committee, frame.statement)).toBe(by.context.epochs.newest);
  expect(decodePayload(portableHash, frame, by.limits)).toEqual(message);
  expect(checkContent(by.context, message)).toBeUndefined();
});

describe('digests', () => {
  const batchKinds: readonly MessageKind[] = ['prePrepare', 'prepare', 'commit'];
  it.each(samples)('$name', ({ message }) => {
    const { kind, epoch, sender, view: at, sequence: slot } = message;
    const place = new Writer().u8(MESSAGE_KINDS[kind]).u64(epoch).u16(sender).u64(at).u64(slot).bytes();
    const payload = encodePayload(message);
    let expected = purposeDigest(portableHash, 'payload', place, payload);
    if (batchKinds.includes(kind)) expected = samples[0]!.message.digest;
    else if (message.kind === 'proposal')
      expected = forgedBlock({ view: at, sequence: slot, parent: message.parent, batch: message.batchDigest });
    else if (message.kind === 'vote') expected = samples.find(({ name }) => name === 'proposal')!.message.digest;
    else if (message.kind === 'timeout') expected = forgedTimeout(message.highest);
    else if (message.kind === 'checkpoint') expected = checkpointDigest(portableHash, slot, message.content);
    else expect(payloadDigest(portableHash, message, payload)).toBe(expected);
    expect(message.digest).toBe(expected);
  });

  it('of equal payloads differ by sender, view and kind: a digest names one message', () => {
    const status = samples.find(({ name }) => name === 'status empty')!.message;
    const others: Signed[] = [
      status,
      { ...status, sender: memberIndex(1) },
      { ...status, view: view(1) },
      { ...status, sequence: sequence(1) },
      { ...status, epoch: createSwarm({ epoch: 6 }).committee.epoch },
    ];
    const digests = others.map((message) => payloadDigest(portableHash, message, encodePayload(status)));
    expect(new Set(digests).size).toBe(others.length);
    const asFetch = { ...swarm.statement('fetch', status.sender, { ...status }), epoch: status.epoch };
    expect(digests).not.toContain(payloadDigest(portableHash, asFetch, encodePayload(status)));
  });
});

it('signs nothing before it is complete, and each thing once', () => {
  const signed: Statement[] = [];
  const sealer = {
    hash: portableHash,
    epoch: swarm.committee.epoch,
    sender: memberIndex(3),
    sign: (statement: Statement) => {
      signed.push(statement);
      return new Uint8Array(64).fill(signed.length);
    },
  };
  const vote = seal(sealer, { kind: 'commit', view: view(1), sequence: sequence(2), digest: NULL_DIGEST });
  expect(signed).toHaveLength(1);
  expect(signed[0]).toMatchObject({ kind: 'commit', view: 1, sequence: 2, digest: NULL_DIGEST, sender: 3, epoch: 5 });
  expect(vote.signature).toEqual(new Uint8Array(64).fill(1));

  const checkpoint = seal(sealer, { kind: 'checkpoint', sequence: sequence(8), content: someContent('8') });
  expect(checkpoint).toMatchObject({ view: 0, sequence: 8, sender: 3 });
  expect(signed).toHaveLength(2);
});

describe('NEW-VIEW', () => {
  const entries = [
    { sequence: sequence(9), digest: someDigest('batch') },
    { sequence: sequence(10), digest: NULL_DIGEST },
  ];
  const message = swarm.seal(2, {
    kind: 'newView',
    view: view(6),
    sequence: sequence(0),
    viewChanges: [0, 2, 3].map((sender) => ({ sender: memberIndex(sender), digest: someDigest(String(sender)) })),
    entries,
  }) as Signed<ContentOf<'newView'>>;

  it('signs each entry as the PRE-PREPARE that it is', () => {
    expect(message.entries).toHaveLength(2);
    message.entries.forEach((entry, index) => {
      const { sequence: at, digest } = entries[index]!;
      const proposal = swarm.statement('prePrepare', 2, { view: 6, sequence: at, digest });
      expect(entry).toEqual({ sequence: at, digest, signature: swarm.sign(proposal) });
      // So that the entry serves in a prepared certificate of its view.
      expect(swarm.context.verifyStatement(proposal, entry.signature)).toBe(true);
      expect(swarm.context.verifyStatement({ ...proposal, kind: 'newView' }, entry.signature)).toBe(false);
    });
  });

  it('signs the entries’ signatures with itself', () => {
    const [first, second] = message.entries;
    const swapped = { ...message, entries: [{ ...first!, signature: second!.signature }, second!] };
    expect(payloadDigest(portableHash, swapped, encodePayload(swapped))).not.toBe(message.digest);
  });
});
