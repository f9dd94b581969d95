import 'reflect-metadata';
import { createJudge, nativeHash, signatureSuite } from '@concordat/crypto';
import { epoch, fromBase64Url, nodeId, purposeDigest } from '@concordat/protocol';
import { createMetrics } from '@concordat/telemetry';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { createHttpApp } from '../http-app';
import { signedChange } from '../testing/changes';
import { FakeMember, OPERATOR } from '../testing/fake-member';
import { type EvidenceEntry, type ProofAnswer } from './evidence-api';

type Body = Record<string, unknown> & { readonly error?: { code: string; details?: { field: string }[] } };
const UNKNOWN = '0'.repeat(64);

describe('proofs over REST', () => {
  let member: FakeMember;
  let app: NestFastifyApplication;

  beforeEach(async () => {
    member = new FakeMember();
    member.proofs.push(member.equivocation(3, 'commit', 7), member.equivocation(3, 'prepare', 9));
    member.proofs.push(member.equivocation(2, 'commit', 8));
    app = await createHttpApp({
      member,
      metrics: createMetrics(undefined, { processMetrics: false }),
      logger: { error: (fields) => expect(fields).toBeUndefined() },
      onFatal: (error) => expect(error).toBeUndefined(),
    });
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
  });
  afterEach(() => app.close());

  async function get(path: string): Promise<{ status: number; body: Body }> {
    const response = await app.inject({ method: 'GET', url: `/api/v1/evidence${path}` });
    return { status: response.statusCode, body: response.json<Body>() };
  }
  const listed = async (query = ''): Promise<EvidenceEntry[]> => (await get(query)).body['evidence'] as EvidenceEntry[];
  const proofOf = async (id: string): Promise<ProofAnswer> => (await get(`/${id}`)).body as unknown as ProofAnswer;

  it('a list names who is accused, of what, where, and how long the proof is, but does not hold it', async () => {
    const entries = await listed();
    expect(entries.map(({ node_id, message, sequence }) => [node_id, message, sequence]).sort()).toEqual([
      ['n2', 'commit', 8],
      ['n3', 'commit', 7],
      ['n3', 'prepare', 9],
    ]);
    const [first] = entries;
    expect(first).toEqual({ ...first, kind: 'equivocation', epoch: 0, view: 2 });
    expect(Object.keys(first ?? {})).toEqual('id node_id kind message epoch view sequence bytes'.split(' '));
  });

  it('one proof has its bytes: its id is their digest, and they prove it to whoever has the genesis alone', async () => {
    const { swarmId, epochs } = member;
    const judge = createJudge({ swarmId, hash: nativeHash, suite: signatureSuite('ed25519') });
    for (const entry of await listed()) {
      const { proof, swarm_id, ...rest } = await proofOf(entry.id);
      const bytes = fromBase64Url(proof);
      expect([rest, swarm_id]).toEqual([entry, swarmId]);
      expect([purposeDigest(nativeHash, 'evidence', bytes), bytes.length]).toEqual([entry.id, entry.bytes]);
      const proves = (node: string): boolean => judge.proves(epochs, epoch(0), bytes, nodeId(node));
      expect(['n0', 'n1', 'n2', 'n3'].filter(proves)).toEqual([entry.node_id]);
    }
  });

  it('its proof is what an isolate request takes', async () => {
    const [entry] = await listed('?node_id=n3');
    const { node_id, proof } = await proofOf(entry?.id ?? '');
    const { body, header } = signedChange(member.swarmId, { kind: 'isolate', nonce: 1, node_id, proof }, OPERATOR);
    const headers = { 'content-type': 'application/json', 'Concordat-Signature': header };
    const sent = { method: 'POST', url: '/api/v1/cluster/isolate', payload: JSON.stringify(body), headers } as const;
    const response = await app.inject(sent);
    expect([response.statusCode, response.json<Body>()['node_id']]).toEqual([200, 'n3']);
  });

  it('a list comes in pages, each after the last id of the one before, and of one member alone', async () => {
    const all = (await listed()).map(({ id }) => id);
    const pages: string[][] = [];
    for (let after: string | null = ''; after !== null;) {
      const { body } = await get(`?limit=2${after === '' ? '' : `&after=${after}`}`);
      pages.push((body['evidence'] as EvidenceEntry[]).map(({ id }) => id));
      after = body['next'] as string | null;
    }
    expect(pages.map((page) => page.length)).toEqual([2, 1]);
    expect(pages.flat()).toEqual(all);
    expect((await listed('?node_id=n3')).length).toBe(2);
    expect((await get('?node_id=n1')).body).toEqual({ evidence: [], next: null });
  });

  it.each([
    ['?limit=0', 400, 'INVALID_FIELD', 'limit'],
    ['?limit=101', 400, 'INVALID_FIELD', 'limit'],
    ['?after=7', 400, 'INVALID_FIELD', 'after'],
    ['?node_id=%20', 400, 'INVALID_FIELD', 'node_id'],
    ['?id=7', 400, 'INVALID_FIELD', 'id'],
    ['/7', 400, 'INVALID_FIELD', 'id'],
    [`/${UNKNOWN}?limit=1`, 400, 'INVALID_FIELD', 'limit'],
    [`/${UNKNOWN}`, 404, 'UNKNOWN_EVIDENCE', 'id'],
  ])('%s is refused with %i %s, which names %s', async (path, status, code, field) => {
    const answer = await get(path);
    expect([answer.status, answer.body.error?.code, answer.body.error?.details?.[0]?.field]).toEqual([
      status,
      code,
      field,
    ]);
  });
});
