import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { EXIT, type ExitCode } from '../errors';
import { runCli } from '../program';
import { CapturedSurroundings, temporaryFolder } from '../testing/captured';
import { FakeSystem, type FakeBehaviour } from '../testing/fake-swarm';
import { freePorts } from '../swarm/ports';
import { registerUp } from './up';
import { openSwarmState } from '../swarm/state-folder';
import { describeReady, readyValue, withoutSecrets, type Ready } from './up-text';

interface Run {
  readonly system: FakeSystem;
  readonly said: CapturedSurroundings;
  readonly ended: Promise<ExitCode>;
  /** Resolves when standard error or output holds the text. */
  readonly says: (text: string) => Promise<void>;
}

/** A base port from which `count` ports are free. */
async function freeBase(count: number): Promise<number> {
  for (;;) {
    const [base = 0] = await freePorts(1, '127.0.0.1');
    const open = await Promise.all(
      Array.from({ length: count }, (_, i) => base + i).map(
        (port) =>
          new Promise<boolean>((resolve) => {
            const server = createServer().once('error', () => resolve(false));
            server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
          }),
      ),
    );
    if (base + count < 65_536 && open.every(Boolean)) return base;
  }
}

describe('concordat up', () => {
  const folder = temporaryFolder();
  let port = 0;
  beforeAll(async () => {
    port = await freeBase(4);
  });
  afterAll(folder.remove);

  function up(args: readonly string[], behaviour: FakeBehaviour = {}, env: Record<string, string> = {}): Run {
    const system = new FakeSystem(behaviour);
    const said = new CapturedSurroundings(env);
    const waiting: (() => void)[] = [];
    said.onWrite = () => waiting.forEach((check) => check());
    const says = (text: string): Promise<void> =>
      new Promise((resolve) => {
        const check = (): void => {
          if ((said.outText + said.errText).includes(text)) resolve();
        };
        waiting.push(check);
        check();
      });
    const ended = runCli(['up', '--port', String(port), ...args], said, [
      (program, session) => registerUp(program, session, system),
    ]);
    return { system, said, ended, says };
  }

  it('starts, decides, says where it is, and stops all of it on Ctrl-C', async () => {
    const data = join(folder.path, 'first');
    const { system, said, ended, says } = up(['--data', data, '--json'], {}, { PHASE_TIMEOUT_MS: '250', NODE_ID: 'x' });
    await says('"ready"');
    const ready = JSON.parse(said.outText) as Record<string, unknown>;
    expect(ready).toMatchObject({
      event: 'ready',
      swarm: 'local',
      nats_url: 'nats://127.0.0.1:1',
      created: true,
      first_decision: { proposal_id: 'node-0:0:1', certificate_holds: true },
    });
    expect(ready['nodes']).toEqual(
      system.children.map(({ pid }, i) => ({
        node_id: `node-${i}`,
        url: `http://127.0.0.1:${port + i}`,
        pid,
        role: i === 0 ? 'leader' : 'member',
        log_file: join(data, `node-${i}`, 'member.log'),
      })),
    );
    expect([...system.watched]).toEqual(system.children.map(({ pid }) => pid));
    expect(system.children[1]?.spec.env).toEqual({
      PHASE_TIMEOUT_MS: '250',
      LOG_LEVEL: 'info',
      MALLOC_MMAP_THRESHOLD_: '65536',
      MALLOC_TRIM_THRESHOLD_: '131072',
      HTTP_HOST: '127.0.0.1',
      NODE_ID: 'node-1',
      DATA_DIR: join(data, 'node-1', 'data'),
      GENESIS_FILE: join(data, 'genesis.json'),
      KEY_FILE: join(data, 'node-1', 'key.json'),
      NEXT_KEY_FILE: join(data, 'node-1', 'next-key.json'),
      JOIN: 'false',
      NATS_URL: 'nats://127.0.0.1:1',
      HTTP_PORT: String(port + 1),
    });
    system.stop();
    expect(await ended).toBe(EXIT.done);
    expect(system.children.map(({ signals }) => signals)).toEqual(Array(4).fill(['SIGTERM']));
    expect(system.watched.size).toBe(0);
    expect(system.events).toEqual(['broker stopped', 'guard closed', 'lifetime ended']);
    expect(said.outText.trim().split('\n')).toHaveLength(1);
  });

  it('gives people a table and lines to copy', async () => {
    const { system, said, ended, says } = up(['--data', join(folder.path, 'people'), '--nodes', '1']);
    await says('Ctrl-C');
    system.stop();
    await ended;
    const text = said.outText
      .replaceAll(String(port), 'PORT')
      .replaceAll(String(system.children[0]?.pid), 'PID')
      .replaceAll(folder.path, 'TMP')
      .replace(/kill \d+/, 'kill N');
    expect(text).toMatchInlineSnapshot(`
      "
      Swarm local is up; its first decision is node-0:0:1:
        {"action":"update_strategy"}
      ┌────────┬────────────────────────┬────────────┬────────┐
      │ node   │ url                    │ pid        │ role   │
      ├────────┼────────────────────────┼────────────┼────────┤
      │ node-0 │ http://127.0.0.1:PORT │ PID │ leader │
      └────────┴────────────────────────┴────────────┴────────┘
      Propose something (over HTTP, over NATS, or from here):
        curl -s -X POST 'http://127.0.0.1:PORT/api/v1/propose?wait=true' -H 'content-type: application/json' -d '{"value":{"action":"update_strategy","parameters":{"algorithm":"advanced_planning"}}}'
        nats --server nats://127.0.0.1:1 req bft.local.api.propose '{"value":{"action":"update_strategy","parameters":{"algorithm":"advanced_planning"}},"wait":true}'
        npx concordat propose '{"action":"update_strategy","parameters":{"algorithm":"advanced_planning"}}' --wait --server http://127.0.0.1:PORT
      Have one more member join: npx concordat add-node --data TMP/people --nats nats://127.0.0.1:1 --server http://127.0.0.1:PORT
      Logs are in TMP/people/node-0/member.log and beside it. Ctrl-C (or kill N) stops everything.
      "
    `);
  });

  it('prints no password of a NATS server', () => {
    expect(withoutSecrets('nats://a:b@h:1,nats://token@i:2,nats://j:3')).toBe('nats://h:1,nats://i:2,nats://j:3');
  });

  it('goes on with the state of an earlier run, with its number of members', async () => {
    const data = join(folder.path, 'kept');
    for (const [args, created] of [
      [['--nodes', '3'], true],
      [[], false],
    ] as const) {
      const { system, said, ended, says } = up(['--data', data, '--json', ...args]);
      await says('"ready"');
      system.stop();
      expect(await ended).toBe(EXIT.done);
      expect(system.children).toHaveLength(3);
      expect(JSON.parse(said.outText)).toMatchObject({ created });
    }
  });

  it('refuses a folder whose swarm runs the other engine before it starts anything, and says what to do', async () => {
    const data = join(folder.path, 'engines');
    openSwarmState({ folder: data, swarm: 'local', engine: 'hotstuff' });
    const { system, said, ended } = up(['--data', data, '--protocol', 'pbft']);
    expect(await ended).toBe(EXIT.usage);
    expect(said.errText).toBe(
      `concordat: ${data} holds a swarm that runs hotstuff, and --protocol asks for pbft: choose another --data or --swarm, or delete the folder to start anew.\n`,
    );
    expect(system.children).toEqual([]);
  });

  it.each([
    ['pbft', 'Swarm local is up; its first decision', 'leader'],
    ['hotstuff', 'Swarm local is up with HotStuff, all leading in turn; its first decision', 'member'],
  ] as const)('says who leads as far as that lasts: with %s', (engine, says, role) => {
    const state = openSwarmState({ folder: join(folder.path, `text-${engine}`), swarm: 'local', engine, nodes: 1 });
    const proof = { view: 0, sequence: 1, decided_value: 1 };
    const members = [{ nodeId: 'node-0', url: 'http://127.0.0.1:1', process: { pid: 7 } }];
    const ready = { state, natsUrl: 'nats://h:1', members, first: { state: { proposal_id: 'x' }, proof } };
    expect(describeReady(ready as unknown as Ready)).toContain(says);
    expect(readyValue(ready as unknown as Ready)).toMatchObject({ protocol: engine, nodes: [{ role }] });
  });

  it('says that a member died, and starts it again', async () => {
    const { system, ended, says } = up(['--data', join(folder.path, 'dying'), '--nodes', '1']);
    await says('Ctrl-C');
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'performance'] });
    try {
      system.children[0]?.end(null, 'SIGKILL');
      await says('ended: SIGKILL; starting it again in 1 s');
      expect(system.watched.size).toBe(0);
      jest.advanceTimersByTime(1_000);
    } finally {
      jest.useRealTimers();
    }
    expect(system.children).toHaveLength(2);
    await says(`node-0 runs again (pid ${system.children[1]?.pid})`);
    system.stop();
    expect(await ended).toBe(EXIT.done);
    expect(system.children[1]?.signals).toEqual(['SIGTERM']);
  });

  it('leaves a dead member dead where it is told to', async () => {
    const { system, said, ended, says } = up([
      '--data',
      join(folder.path, 'dead'),
      '--nodes',
      '1',
      '--no-restart',
      '--json',
    ]);
    await says('"ready"');
    system.children[0]?.end(null, 'SIGKILL');
    await says('member_ended');
    expect(JSON.parse(said.errText)).toMatchObject({ node_id: 'node-0', signal: 'SIGKILL', restart_in_ms: null });
    system.stop();
    expect(await ended).toBe(EXIT.done);
    expect(system.children).toHaveLength(1);
  });

  it('shows the last words of a member that does not start, and ends the others', async () => {
    const dies = { nodeId: 'node-2', words: 'FATAL: BATCH_SIZE must be a number' };
    const { system, said, ended } = up(['--data', join(folder.path, 'culprit')], { dies });
    expect(await ended).toBe(EXIT.no);
    expect(said.errText).toContain('node-2 ended while the swarm was starting (exit code 1)');
    expect(said.errText).toContain('FATAL: BATCH_SIZE must be a number');
    expect(said.outText).toBe('');
    expect(system.watched.size).toBe(0);
    expect(system.events).toContain('broker stopped');
  });

  it.each([
    ['is not decided', { proposal_id: 'p', status: 'expired' }, 'the first proposal p is expired, not decided'],
    [
      'has a certificate that proves nothing',
      { proposal_id: 'p', status: 'decided', certificate: {} },
      'does not hold',
    ],
  ])('fails when its first proposal %s', async (_, proposeAnswer, says) => {
    const { system, said, ended } = up(['--data', join(folder.path, 'undecided'), '--nodes', '1'], { proposeAnswer });
    expect(await ended).toBe(EXIT.no);
    expect(said.errText).toContain(says);
    expect(system.watched.size).toBe(0);
  });

  it('names a port that is in use, before anything is started', async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(port + 2, '127.0.0.1', resolve));
    const { system, said, ended } = up(['--data', join(folder.path, 'ports')]);
    expect(await ended).toBe(EXIT.no);
    await new Promise((resolve) => blocker.close(resolve));
    expect(said.errText).toContain(`port ${port + 2} is in use`);
    expect(system.children).toEqual([]);
  });

  it('stops in the middle of its start', async () => {
    const { system, ended, says } = up(['--data', join(folder.path, 'early')]);
    await says('starting 4 members');
    system.stop();
    expect(await ended).toBe(EXIT.no);
    expect(system.watched.size).toBe(0);
  });

  it('makes nothing where --nodes and the genesis disagree', async () => {
    const data = join(folder.path, 'kept');
    const { said, ended } = up(['--data', data, '--nodes', '4']);
    expect(await ended).toBe(EXIT.usage);
    expect(said.errText).toContain(
      'holds a swarm of 3 members, and --nodes asks for 4: choose another --data or --swarm',
    );
    expect(existsSync(join(data, 'node-3'))).toBe(false);
  });
});
