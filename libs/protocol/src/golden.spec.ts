import type { ViewProof } from './linear-certificates';
import { execFileSync } from 'node:child_process';
import { createPublicKey, verify } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import nacl from 'tweetnacl';
import { encodeBatch, proveEnvelope, requestCount, type Batch } from './batch';
import { asciiBytes, asciiText, fromHex, toBase64Url, toHex } from './bytes';
import { blockDigest } from './block';
import { chainHeaders, checkCommitCertificate, checkpointDigest, type CommitCertificate } from './certificates';
import {
  readCommitCertificate,
  writeCheckpointCertificate,
  writeCommitCertificate,
  writePreparedCertificate,
} from './certificate-codec';
import { decodeFrame, decodePayload, encodeMessage, encodePayload } from './codec';
import { encodeEpochTable } from './epoch-table-codec';
import { genesisFromJson, genesisToJson, swarmId } from './genesis';
import { digestOfBytes, NULL_DIGEST, portableHash } from './hash';
import { memberIndex, sequence, view } from './ids';
import type { Signed, Statement } from './messages';
import { decodeTransportFrame, packMessage, unpackFrame } from './packing';
import { timeoutDigest } from './quorum-certificates';
import { isRejection } from './rejection';
import { encodeEnvelopeBody, proposalId, type Envelope } from './request';
import { envelopeSigningBytes, statementBytes } from './statement';
import { linearSamples } from './testing/linear-samples';
import type { Sample } from './testing/sample';
import { sampleMessages, someBatch } from './testing/samples';
import {
  createSwarm,
  memberNames,
  someContent,
  someDigest,
  type KeyRing,
  type Slot,
  type TestSwarm,
} from './testing/swarm';
import { checkContent } from './validity';
import { Reader, Writer } from './wire';

/*
 * The files of ../golden are the wire format for whoever writes a client in another language. They are compared here and
 * never rewritten by a test run. After a deliberate change of the format: UPDATE_GOLDEN=1 npx jest --selectProjects protocol
 */
const FOLDER = join(__dirname, '..', 'golden');
const UPDATE = process.env['UPDATE_GOLDEN'] === '1';

const seedOf = (name: string): Uint8Array => portableHash(asciiBytes(`concordat golden key of ${name}`));
const remembered = <T>(make: (name: string) => T): ((name: string) => T) => {
  const made = new Map<string, T>();
  return (name) => {
    const known = made.get(name) ?? make(name);
    made.set(name, known);
    return known;
  };
};
const pairOf = remembered((name) => nacl.sign.keyPair.fromSeed(seedOf(name)));
const signed = new Map<string, Uint8Array>();
/** Signed by one implementation, verified by another. */
const ed25519: KeyRing = {
  publicKey: (name) => pairOf(name).publicKey,
  sign(name, bytes) {
    const key = `${name} ${toHex(bytes)}`;
    const signature = signed.get(key) ?? nacl.sign.detached(bytes, pairOf(name).secretKey);
    signed.set(key, signature);
    return signature;
  },
  verify(publicKey, bytes, signature) {
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: toBase64Url(publicKey) };
    return verify(null, bytes, createPublicKey({ key: jwk, format: 'jwk' }), signature);
  },
};

const swarm = createSwarm({ keys: ed25519, name: 'golden', random: someDigest('golden random') });
const { committee, domain, limits } = swarm;
const batch = someBatch(swarm);
/** The other engine, with the same keys. */
const linear = createSwarm({
  keys: ed25519,
  name: 'golden-hotstuff',
  random: someDigest('golden random of hotstuff'),
  engine: 'hotstuff',
});
const linearBatch = someBatch(linear);

interface GoldenSample extends Sample {
  readonly by: TestSwarm;
}
const samples: GoldenSample[] = [
  ...sampleMessages(swarm).map((sample) => ({ ...sample, by: swarm })),
  ...linearSamples(linear, linearBatch).map((sample) => ({ ...sample, by: linear })),
];

interface GoldenSignature {
  readonly signer: string;
  readonly what: string;
  readonly signing_bytes: string;
  readonly signature: string;
}

interface Golden {
  readonly name: string;
  readonly description: string;
  readonly fields: unknown;
  readonly [derived: string]: unknown;
}

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const isEnvelope = (value: object): value is Envelope => 'signerKey' in value && 'requests' in value;
const isBatch = (value: object): value is Batch => 'envelopes' in value && 'time' in value;

/** A value as readable JSON: bytes in hex, names in snake_case, parts that have a file of their own by id or digest. */
function readable(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value ?? null;
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map(readable);
  if (isEnvelope(value)) return { envelope_id: value.id };
  if (isBatch(value)) return { time: value.time, envelopes: readable(value.envelopes) };
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [snake(name), readable(field)]));
}

const readableEnvelope = ({ signer, firstNonce, requests, signature }: Envelope): unknown => ({
  signer: readable(signer),
  first_nonce: firstNonce.toString(),
  requests: requests.map((request) => ({
    expires_at: request.expiresAt,
    category: request.category,
    priority: request.priority,
    proposer: request.proposer,
    value: asciiText(request.value),
    metadata: asciiText(request.metadata),
  })),
  signature: toHex(signature),
});

const signedBy = (
  what: string,
  statement: Statement,
  signature: Uint8Array,
  by: TestSwarm = swarm,
): GoldenSignature => ({
  signer: `n${String(statement.sender)}`,
  what,
  signing_bytes: toHex(statementBytes(by.domain, statement)),
  signature: toHex(signature),
});

const statementOf = ({ kind, epoch, view: at, sequence: slot, digest, sender }: Signed): Statement => ({
  kind,
  epoch,
  view: at,
  sequence: slot,
  digest,
  sender,
});

/** The votes for one block, and the timeouts of one view, that a view proof holds. */
function proofSignatures({ justify, timeouts }: ViewProof, by: TestSwarm): GoldenSignature[] {
  const votes = (justify?.signatures ?? []).map(({ sender, signature }) =>
    signedBy('vote in justify', by.statement('vote', sender, justify!), signature, by),
  );
  const givenUp = (timeouts?.timeouts ?? []).map(({ sender, highest, signature }) => {
    const said = { view: timeouts!.view, sequence: 0, digest: timeoutDigest(portableHash, highest) };
    return signedBy('timeout in timeouts', by.statement('timeout', sender, said), signature, by);
  });
  return [...votes, ...givenUp];
}

/** The block that the votes of a chain are for. */
function votedBlock(certificate: CommitCertificate): Slot {
  const last = chainHeaders(portableHash, certificate, certificate.chain!).at(-1)!;
  return { view: last.view, sequence: last.sequence, digest: blockDigest(portableHash, last) };
}

/** The message's own signature, and those that it holds: a NEW-VIEW's for its entries, and those of the linear engine's certificates. */
function signaturesOf(message: Signed, by: TestSwarm): GoldenSignature[] {
  const own = signedBy('message', statementOf(message), message.signature, by);
  if (message.kind === 'proposal' || message.kind === 'timeout' || message.kind === 'syncInfo')
    return [own, ...proofSignatures(message, by)];
  if (message.kind === 'decided' && message.certificate.chain !== undefined) {
    const voted = votedBlock(message.certificate);
    const votes = message.certificate.signatures.map(({ sender, signature }) =>
      signedBy('vote for the last block', by.statement('vote', sender, voted), signature, by),
    );
    return [own, ...votes];
  }
  if (message.kind !== 'newView') return [own];
  const entries = message.entries.map(({ sequence: slot, digest, signature }) =>
    signedBy(
      `entry ${String(slot)}`,
      { ...statementOf(message), kind: 'prePrepare', sequence: slot, digest },
      signature,
    ),
  );
  return [own, ...entries];
}

const fileOf = (name: string): string =>
  `${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).replaceAll(' ', '-')}.json`;

function messageGolden({ name, description, message, by }: GoldenSample): [string, Golden] {
  const { signature: _signature, ...fields } = message;
  const golden: Golden = {
    name,
    description,
    fields: readable(fields),
    hex: toHex(encodeMessage(message)),
    payload: toHex(encodePayload(message)),
    digest: message.digest,
    signatures: signaturesOf(message, by),
  };
  return [`message-${fileOf(name)}`, golden];
}

function envelopeGolden(name: string, description: string, envelope: Envelope, by = swarm): [string, Golden] {
  const golden: Golden = {
    name,
    description,
    fields: readableEnvelope(envelope),
    hex: toHex(envelope.bytes),
    body: toHex(encodeEnvelopeBody(envelope)),
    body_hash: toHex(envelope.bodyHash),
    envelope_id: envelope.id,
    signer_key: envelope.signerKey,
    proposal_ids: envelope.requests.map((_, index) => proposalId(envelope, index)),
    signatures: [
      {
        signer: envelope.signer.kind === 'client' ? 'client' : envelope.signer.nodeId,
        what: 'envelope',
        signing_bytes: toHex(envelopeSigningBytes(by.id, envelope.bodyHash)),
        signature: toHex(envelope.signature),
      } satisfies GoldenSignature,
    ],
  };
  return [`envelope-${fileOf(name)}`, golden];
}

const written = (write: (writer: Writer) => void): string => {
  const writer = new Writer();
  write(writer);
  return toHex(writer.bytes());
};

function chainGolden(): [string, Golden] {
  const certificate = linear.chainCertificate({ view: 6, sequence: 9, digest: linearBatch.digest }, [0, 2, 3], {
    parent: { view: 5, digest: linear.root.digest },
    above: [8, 9, 10].map((inView) => ({ view: inView, batch: NULL_DIGEST })),
  });
  const headers = chainHeaders(portableHash, certificate, certificate.chain!);
  const voted = votedBlock(certificate);
  const golden: Golden = {
    name: 'commit certificate with a chain',
    description: 'The batch is decided at sequence 9 by votes for the block of view 10; view 7 was given up.',
    fields: readable(certificate),
    hex: written((writer) => writeCommitCertificate(writer, certificate)),
    blocks: headers.map((header) => ({ ...(readable(header) as object), digest: blockDigest(portableHash, header) })),
    signatures: certificate.signatures.map(({ sender, signature }) =>
      signedBy('vote', linear.statement('vote', sender, voted), signature, linear),
    ),
  };
  return ['certificate-commit-chained.json', golden];
}

function linearGenesis(): [string, Golden] {
  const { genesis } = linear;
  const table = encodeEpochTable(genesis.table);
  const golden: Golden = {
    name: 'genesis of a swarm of the linear engine',
    description: 'The swarm that the messages of the linear engine belong to: the members of genesis.json.',
    fields: genesisToJson(genesis),
    hex: written((writer) => writer.text(genesis.swarm).digest(genesis.random).raw(table)),
    swarm_id: linear.id,
    table_hash: linear.committee.hash,
    root_digest: linear.root.digest,
    leaders: Array.from({ length: 9 }, (_, at) => linear.committee.leaderOf(view(at))),
  };
  return ['genesis-hotstuff.json', golden];
}

function certificateGoldens(): [string, Golden][] {
  const slot = { view: 6, sequence: 9, digest: batch.digest };
  const commit = swarm.commitCertificate(slot, [0, 2, 3]);
  const prepared = swarm.preparedCertificate(slot, [0, 3]);
  const checkpoint = swarm.checkpointCertificate(8, someContent('state 8'), [0, 1, 3]);
  const digest = checkpointDigest(portableHash, checkpoint.sequence, checkpoint.content);
  const votes = (kind: Statement['kind'], at: typeof slot, signatures: typeof commit.signatures): GoldenSignature[] =>
    signatures.map(({ sender, signature }) => signedBy(kind, swarm.statement(kind, sender, at), signature));
  const proposal = signedBy('prePrepare', swarm.statement('prePrepare', 2, slot), prepared.leaderSignature);
  return [
    [
      'certificate-commit.json',
      {
        name: 'commit certificate',
        description: 'COMMITs of three of four members: the batch is decided at sequence 9.',
        fields: readable(commit),
        hex: written((writer) => writeCommitCertificate(writer, commit)),
        signatures: votes('commit', slot, commit.signatures),
      },
    ],
    [
      'certificate-prepared.json',
      {
        name: 'prepared certificate',
        description: 'The PRE-PREPARE of n2, which leads view 6, and PREPAREs of two others.',
        fields: readable(prepared),
        hex: written((writer) => writePreparedCertificate(writer, prepared)),
        signatures: [proposal, ...votes('prepare', slot, prepared.signatures)],
      },
    ],
    [
      'certificate-checkpoint.json',
      {
        name: 'checkpoint certificate',
        description: 'CHECKPOINTs of three of four members for the state after sequence 8.',
        fields: readable(checkpoint),
        hex: written((writer) => writeCheckpointCertificate(writer, checkpoint)),
        digest,
        signatures: votes('checkpoint', { view: 0, sequence: 8, digest }, checkpoint.signatures),
      },
    ],
  ];
}

function swarmGoldens(): [string, Golden][] {
  const { genesis } = swarm;
  const table = encodeEpochTable(genesis.table);
  const json = genesisToJson(genesis);
  const statement: Statement = {
    ...swarm.statement('commit', 3, { view: 2, sequence: 1, digest: NULL_DIGEST }),
    sender: memberIndex(3),
    view: view(2),
    sequence: sequence(1),
  };
  return [
    [
      'epoch-table.json',
      {
        name: 'epoch table',
        description: 'Canonical bytes of the first epoch of genesis.json.',
        fields: readable(genesis.table),
        hex: toHex(table),
        table_hash: committee.hash,
      },
    ],
    [
      'genesis.json',
      {
        name: 'genesis',
        description: 'The swarm that all other files belong to. `fields` is a genesis.json as it is on disk.',
        fields: json,
        hex: written((writer) => writer.text(genesis.swarm).digest(genesis.random).raw(table)),
        swarm_id: swarm.id,
      },
    ],
    [
      'statement.json',
      {
        name: 'statement',
        description: 'What n3 signs when it commits to the null batch at sequence 1 in view 2.',
        fields: { swarm_id: domain.swarmId, table_hash: domain.tableHash, ...(readable(statement) as object) },
        hex: toHex(statementBytes(domain, statement)),
        signatures: [signedBy('commit', statement, swarm.sign(statement))],
      },
    ],
    [
      'keys.json',
      {
        name: 'keys',
        description: 'Seeds of the Ed25519 keys that signed all files: RFC 8032 private keys, for tests only.',
        fields: [...memberNames(4), 'client'].map((name) => ({
          name,
          seed: toHex(seedOf(name)),
          public_key: toHex(ed25519.publicKey(name)),
        })),
        null_digest: NULL_DIGEST,
      },
    ],
  ];
}

function batchGolden(): [string, Golden] {
  const [, client] = batch.envelopes;
  const proof = proveEnvelope(portableHash, batch, 1);
  const golden: Golden = {
    name: 'batch',
    description: 'The two envelopes of envelope-gateway.json and envelope-client.json.',
    fields: readable(batch),
    hex: toHex(encodeBatch(batch)),
    digest: batch.digest,
    requests: requestCount(batch),
    proof: { envelope_id: client!.id, ...(readable(proof) as object) },
  };
  return ['batch.json', golden];
}

/** A stream that zlib once made: compressors may differ, and what is to be read of it may not. */
const STREAM = fromHex(
  '636460605c2c1113c0c0c0c4c0c0d0cac8c49467c8800a181918c18a62ad121898d80b7212f3f2528b181818989512951804' +
    'ab958af34b8b925395ac944a528b4b946a191c368a89a617ad71f9f022f74393d23ac1b5932c0d1c0f3cfec75bace3fbf4d9' +
    '7797ddd736dc0dfcdf7f2740327fff179ba2053af9c6471effe7dbb27939efc9f8d88c6e16060686198c8c0c0a2b17b55def' +
    '58bca1fe6c99aed8aeff5a6afbd5d5fe991e5893746a66da5fd37f859e50f7b1839c0e711f232303d861494a608783c55899' +
    '2162c92031878d3169bdcfac6db72fb936415df2c94b97ebabd92d25c2f7eab5f4cc9aa73f6b56bcb34704e3eac7739e2bd4' +
    '4d7e7f66df849ea0c6bd4117122b57b87fe7787dd0a9890b00',
);

function packedGolden(): [string, Golden] {
  const message = samples.find(({ name }) => name === 'prePrepare')?.message as Signed;
  const packed = packMessage(encodeMessage(message), limits, () => STREAM);
  const golden: Golden = {
    name: 'packed prePrepare',
    description: 'The message of message-pre-prepare.json, packed. Another stream may stand for the same payload.',
    fields: { inflated_bytes: encodePayload(message).length, stream: toHex(STREAM) },
    hex: toHex(packed),
    payload: toHex(inflateRawSync(STREAM)),
  };
  return ['packed-pre-prepare.json', golden];
}

const [gateway, client] = batch.envelopes;
const goldens: [file: string, golden: Golden][] = [
  ...swarmGoldens(),
  envelopeGolden('gateway', 'One request that n1 signed for somebody without a key.', gateway!),
  envelopeGolden('client', 'Two requests that a client signed with its own key.', client!),
  envelopeGolden(
    'gateway hotstuff',
    'As envelope-gateway.json, in the swarm of genesis-hotstuff.json.',
    linearBatch.envelopes[0]!,
    linear,
  ),
  envelopeGolden(
    'client hotstuff',
    'As envelope-client.json, in the swarm of genesis-hotstuff.json.',
    linearBatch.envelopes[1]!,
    linear,
  ),
  batchGolden(),
  packedGolden(),
  ...certificateGoldens(),
  linearGenesis(),
  chainGolden(),
  ...samples.map(messageGolden),
];

beforeAll(() => {
  if (!UPDATE) return;
  mkdirSync(FOLDER, { recursive: true });
  for (const [file, golden] of goldens) writeFileSync(join(FOLDER, file), JSON.stringify(golden, null, 2));
  const prettier = join(__dirname, '..', '..', '..', 'node_modules', 'prettier', 'bin', 'prettier.cjs');
  execFileSync(process.execPath, [prettier, '--log-level', 'warn', '--write', FOLDER]);
});

const stored = (file: string): unknown => JSON.parse(readFileSync(join(FOLDER, file), 'utf8'));

describe('golden files', () => {
  it('are these and no others', () => {
    expect(existsSync(FOLDER) ? readdirSync(FOLDER).sort() : []).toEqual(goldens.map(([file]) => file).sort());
  });

  it.each(goldens)('%s is what this code makes', (file, golden) => expect(stored(file)).toEqual(golden));

  it.each(goldens.filter(([, golden]) => 'signatures' in golden))('%s: its signatures hold', (file) => {
    const { signatures } = stored(file) as { signatures: GoldenSignature[] };
    expect(signatures.length).toBeGreaterThan(0);
    for (const { signer, signing_bytes, signature } of signatures)
      expect(ed25519.verify(ed25519.publicKey(signer), fromHex(signing_bytes), fromHex(signature))).toBe(true);
  });

  it.each(samples.map((sample) => [`message-${fileOf(sample.name)}`, sample] as const))(
    '%s: its bytes open to a valid message',
    (file, { message, by }) => {
      const frame = decodeFrame(fromHex((stored(file) as { hex: string }).hex), by.limits);
      if (isRejection(frame)) throw new Error(frame.reason);
      const read = decodePayload(portableHash, frame, by.limits);
      expect(read).toEqual(message);
      // The inner signatures are checked with the real scheme too.
      expect(checkContent(by.context, read as Signed)).toBeUndefined();
    },
  );

  it('packed-pre-prepare.json unpacks to the frame of message-pre-prepare.json', () => {
    const bytesOf = (file: string): Uint8Array => fromHex((stored(file) as { hex: string }).hex);
    const packed = decodeTransportFrame(bytesOf('packed-pre-prepare.json'), limits);
    if (isRejection(packed)) throw new Error(packed.reason);
    const unpacked = unpackFrame(packed, (bytes) => new Uint8Array(inflateRawSync(bytes)));
    expect(unpacked).toEqual(decodeFrame(bytesOf('message-pre-prepare.json'), limits));
  });

  it.each([
    ['genesis.json', swarm],
    ['genesis-hotstuff.json', linear],
  ])('%s reads as the swarm that everything is signed for', (file, by) => {
    const { fields, swarm_id } = stored(file) as { fields: unknown; swarm_id: string };
    const read = genesisFromJson(fields);
    expect(read).toEqual(by.genesis);
    expect(swarmId(portableHash, read)).toBe(swarm_id);
    expect(digestOfBytes(fromHex(swarm_id))).toBe(by.id);
  });

  it('certificate-commit-chained.json holds', () => {
    const { hex } = stored('certificate-commit-chained.json') as { hex: string };
    const certificate = readCommitCertificate(new Reader(fromHex(hex)), linear.limits);
    const check = checkCommitCertificate(linear.committee, portableHash, certificate, linear.context.verifyStatement);
    expect(check).toBeUndefined();
  });
});
