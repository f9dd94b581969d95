import { execFileSync } from 'node:child_process';
import { createPublicKey, verify } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import nacl from 'tweetnacl';
import {
  asciiBytes,
  canonicalJson,
  fromHex,
  genesisFromJson,
  portableHash,
  swarmId,
  toBase64Url,
  toHex,
  utf8Text,
  type Epoch,
  type EpochTable,
  type NodeId,
  type Sequence,
} from '@concordat/protocol';
import { Membership } from './membership';
import type { Operation } from './operation';
import { approve, encodeSystemRequest, joinProofBytes, operationBytes, provenKey } from './system-request';

/*
 * System requests for whoever writes a client in another language, of the swarm of the protocol library's golden files. After
 * a deliberate change of the format: UPDATE_GOLDEN=1 npx jest --selectProjects consensus
 */
const LIBS = join(__dirname, '..', '..', '..');
const FOLDER = join(LIBS, 'consensus', 'golden');
const UPDATE = process.env['UPDATE_GOLDEN'] === '1';

const read = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));
const { fields } = read(join(LIBS, 'protocol', 'golden', 'genesis.json')) as { fields: unknown };
const genesis = genesisFromJson(fields);
const SWARM_ID = swarmId(portableHash, genesis);

const pairOf = (name: string) =>
  nacl.sign.keyPair.fromSeed(portableHash(asciiBytes(`concordat golden key of ${name}`)));
const signerOf = (name: string) => (bytes: Uint8Array) => nacl.sign.detached(bytes, pairOf(name).secretKey);
/** Signed by one implementation, verified by another. */
const holds = (publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean =>
  verify(
    null,
    bytes,
    createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: toBase64Url(publicKey) }, format: 'jwk' }),
    signature,
  );

const QUORUM = ['n0', 'n2', 'n3'];
const claim = {
  epoch: 0 as Epoch,
  stableSequence: 8 as Sequence,
  nodeId: 'n4' as NodeId,
  publicKey: pairOf('n4').publicKey,
};
const joining: Operation = {
  kind: 'join',
  nonce: 1,
  ...provenKey(SWARM_ID, claim, signerOf('n4')),
  capabilities: ['planning', 'gpu'],
  initial_reputation: 0.5,
};
const scoring: Operation = {
  kind: 'reputation',
  nonce: 2,
  node_id: 'n1',
  behavior_score: 0.1,
  reason: 'säumig: "late" 12×',
};

/** What a client in another language computes, step by step. */
const goldenOf = (name: string, description: string, operation: Operation, more: object) => ({
  name,
  description,
  operation,
  ...more,
  canonical: canonicalJson(operation),
  signing_bytes: toHex(operationBytes(SWARM_ID, operation)),
  signers: QUORUM,
  value: utf8Text(
    encodeSystemRequest({
      operation,
      approvals: QUORUM.map((signer) => approve(SWARM_ID, operation, pairOf(signer).publicKey, signerOf(signer))),
    }),
  ),
});
type Golden = ReturnType<typeof goldenOf>;

const goldens: [file: string, golden: Golden][] = [
  [
    'system-request-join.json',
    goldenOf('join', 'n4 joins, as a quorum of the members approved; executed at sequence 9.', joining, {
      new_key: {
        seed: toHex(portableHash(asciiBytes('concordat golden key of n4'))),
        public_key: toHex(claim.publicKey),
      },
      proof_bytes: toHex(joinProofBytes(SWARM_ID, claim)),
    }),
  ],
  [
    'system-request-reputation.json',
    goldenOf('reputation', 'n1 behaved badly: its reputation falls from 1 to 0.73.', scoring, {}),
  ],
];

beforeAll(() => {
  if (!UPDATE) return;
  mkdirSync(FOLDER, { recursive: true });
  for (const [file, golden] of goldens) writeFileSync(join(FOLDER, file), JSON.stringify(golden, null, 2));
  const prettier = join(LIBS, '..', 'node_modules', 'prettier', 'bin', 'prettier.cjs');
  execFileSync(process.execPath, [prettier, '--log-level', 'warn', '--write', FOLDER]);
});

it('golden files are these and no others', () =>
  expect(readdirSync(FOLDER).sort()).toEqual(goldens.map(([file]) => file).sort()));

it.each(goldens)('%s is what this code makes', (file, golden) => expect(read(join(FOLDER, file))).toEqual(golden));

it.each(goldens)('%s: its signatures hold', (file) => {
  const golden = read(join(FOLDER, file)) as Golden;
  const { approvals } = JSON.parse(golden.value) as { approvals: { key: string; signature: string }[] };
  expect(approvals.map(({ key }) => key)).toEqual(golden.signers.map((name) => toBase64Url(pairOf(name).publicKey)));
  for (const { key, signature } of approvals) {
    const [publicKey, bytes] = [key, signature].map((text) => new Uint8Array(Buffer.from(text, 'base64url')));
    expect(holds(publicKey!, fromHex(golden.signing_bytes), bytes!)).toBe(true);
  }
});

it('both are executed one after the other', () => {
  const membership = new Membership({
    hash: portableHash,
    swarmId: SWARM_ID,
    table: genesis.table,
    verify: holds,
    proves: () => false,
  });
  for (const [file] of goldens) {
    const value = new TextEncoder().encode((read(join(FOLDER, file)) as Golden).value);
    expect(membership.execute(9 as Sequence, value)).toMatchObject({ accepted: true, boundary: 32, epoch: 1 });
  }
  const { members, f } = membership.next as EpochTable;
  expect(f).toBe(1);
  expect(members.map(({ nodeId, reputation }) => `${nodeId} ${String(reputation)}`)).toEqual([
    'n0 1000000',
    'n1 730000',
    'n2 1000000',
    'n3 1000000',
    'n4 500000',
  ]);
});
