import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSigner, nativeHash, signatureSuite } from '@concordat/crypto';
import {
  Committee,
  digest,
  epoch,
  Epochs,
  memberIndex,
  purposeDigest,
  sequence,
  swarmId,
  toBase64Url,
  view,
  type Genesis,
  type Statement,
} from '@concordat/protocol';
import { epochChainToJson } from '@concordat/client';
import { encodeEvidence } from '@concordat/records';
import { EXIT } from '../errors';
import { readGenesisFile } from '../genesis-file';
import { readMemberKey } from '../swarm/member-keys';
import { run, temporaryFolder, type Captured } from '../testing/captured';
import { FakeServer } from '../testing/fake-server';

const suite = signatureSuite('ed25519');

describe('concordat evidence', () => {
  const folder = temporaryFolder();
  const file = (name: string): string => join(folder.path, name);
  const proofs = new Map<string, { proof: Uint8Array; node: string }>();
  let genesis: Genesis;
  let server: FakeServer;

  /** Two COMMITs that node-3's key signed; `accused` is who they name. */
  function equivocation(accused: number): Uint8Array {
    const committee = new Committee(genesis.table, nativeHash);
    const domain = { swarmId: swarmId(nativeHash, genesis), tableHash: committee.hash };
    const { privateKey } = readMemberKey(file('node-3/key.json'));
    const pen = createSigner({ suite, privateKey, hash: nativeHash, domain });
    const said = (text: string) => {
      const place = { kind: 'commit', epoch: epoch(0), view: view(0), sequence: sequence(7) } as const;
      const statement: Statement = { ...place, digest: digest(text.repeat(64)), sender: memberIndex(accused) };
      return { statement, signature: pen.signStatement(statement) };
    };
    return encodeEvidence({
      kind: 'equivocation',
      accused: memberIndex(accused),
      first: said('a'),
      second: said('b'),
    });
  }

  beforeAll(async () => {
    const words = ['genesis', '--nodes', '4', '--keys', folder.path, '--out', file('genesis.json')];
    expect((await run(words)).exitCode).toBe(EXIT.done);
    genesis = readGenesisFile(file('genesis.json'));
    for (const accused of [3, 2]) {
      const proof = equivocation(accused);
      proofs.set(purposeDigest(nativeHash, 'evidence', proof), { proof, node: `node-${accused}` });
    }
    const entries = [...proofs].map(([id, { node }]) => ({
      id,
      ...{ node_id: node, kind: 'equivocation', message: 'commit', epoch: 0, view: 0, sequence: 7 },
    }));
    const chain = epochChainToJson(new Epochs(nativeHash, genesis.table), swarmId(nativeHash, genesis), epoch(0), 1);
    server = await FakeServer.listen({
      // One on a page.
      'GET /api/v1/evidence': ({ url }) => {
        const [first, second] = entries;
        const isSecond = url.includes(`after=${String(first?.id)}`);
        return { body: { evidence: [isSecond ? second : first], next: isSecond ? null : first?.id } };
      },
      'GET /api/v1/cluster/epochs': () => ({ body: chain }),
      ...Object.fromEntries(
        [...proofs].map(([id, { proof }]) => [
          `GET /api/v1/evidence/${id}`,
          () => ({ body: { proof: toBase64Url(proof) } }),
        ]),
      ),
    });
    writeFileSync(file('epochs.json'), JSON.stringify(chain));
    writeFileSync(file('none'), Uint8Array.of(1, 2, 3));
  });
  afterAll(async () => {
    await server.close();
    folder.remove();
  });

  const ask = (...args: string[]): Promise<Captured> =>
    run(['evidence', ...args, '--genesis', file('genesis.json'), '--server', server.url]);
  const idOf = (node: string): string => [...proofs].find(([, each]) => each.node === node)?.[0] ?? '';

  it('lists what is on record, page after page', async () => {
    const { exitCode, out } = await ask();
    expect(exitCode).toBe(EXIT.done);
    for (const [id, { node }] of proofs) expect(out).toMatch(new RegExp(`${node} .*commit .*${id}`));
  });

  it('checks a proof by the genesis that is trusted, and writes it for isolate', async () => {
    const said = await ask(idOf('node-3'), '--out', file('proof'));
    expect([said.exitCode, said.err]).toEqual([EXIT.done, '']);
    expect(said.out).toMatch(/^node +node-3$/m);
    expect(new Uint8Array(readFileSync(file('proof')))).toEqual(proofs.get(idOf('node-3'))?.proof);
    const offline = ['evidence', '--file', file('proof'), '--genesis', file('genesis.json'), '--json'];
    const again = await run([...offline, '--epochs', file('epochs.json')]);
    expect([again.exitCode, JSON.parse(again.out)]).toEqual([
      EXIT.done,
      {
        bytes: proofs.get(idOf('node-3'))?.proof.length,
        holds: true,
        node_id: 'node-3',
        kind: 'equivocation',
        epoch: 0,
      },
    ]);
  });

  it.each([
    ['a proof that somebody else signed', () => [idOf('node-2')], EXIT.no, 'it proves nothing against node-2'],
    ['bytes that are no proof', () => ['--file', file('none')], EXIT.no, 'it is no proof'],
  ])('says that %s does not hold', async (_, args, exitCode, says) => {
    const said = await ask(...args(), '--json');
    expect(said.exitCode).toBe(exitCode);
    expect((JSON.parse(said.out) as { reason: string }).reason).toContain(says);
  });

  it.each([
    ['a file that is not there', () => ['--file', file('nowhere')], 'cannot be read (ENOENT)'],
    ['an id and a file', () => [idOf('node-3'), '--file', file('none')], 'one of the two'],
    ['--out for a list', () => ['--out', file('x')], 'name its id'],
  ])('refuses %s', async (_, args, says) => {
    expect(await ask(...args())).toMatchObject({
      exitCode: EXIT.usage,
      err: expect.stringContaining(says) as string,
    });
  });

  it('writes nothing that does not hold', async () => {
    expect((await ask(idOf('node-2'), '--out', file('bad'))).exitCode).toBe(EXIT.no);
    expect(() => readFileSync(file('bad'))).toThrow('ENOENT');
  });
});
