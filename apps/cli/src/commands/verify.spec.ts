import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decisionText } from '@concordat/client';
import { EXIT } from '../errors';
import { readMemberKey } from '../swarm/member-keys';
import { openSwarmState, type SwarmState } from '../swarm/state-folder';
import { run, temporaryFolder } from '../testing/captured';
import { decisionOf } from '../testing/decision';

describe('concordat verify', () => {
  const folder = temporaryFolder();
  const file = join(folder.path, 'certificate.json');
  let state: SwarmState;
  let text: string;

  beforeAll(() => {
    state = openSwarmState({ folder: join(folder.path, 'swarm'), swarm: 'local' });
    text = decisionText(
      decisionOf(
        state.genesis,
        state.members.map(({ keyFile }) => readMemberKey(keyFile)),
        { action: 'go' },
      ),
    );
  });
  beforeEach(() => writeFileSync(file, text));
  afterAll(folder.remove);

  const verify = (...args: string[]): ReturnType<typeof run> =>
    run(['verify', file, '--genesis', state.genesisFile, ...args]);

  it('says what a certificate proves', async () => {
    const { exitCode, out } = await verify('--json');
    expect(exitCode).toBe(EXIT.done);
    expect(JSON.parse(out)).toMatchObject({
      holds: true,
      proposal_id: 'node-0:0:1',
      decided_value: { action: 'go' },
      sequence: 1,
      committed_by: ['node-0', 'node-1', 'node-2', 'node-3'],
    });
    expect((await verify()).out).toMatch(/^The certificate holds: a quorum decided this\.\nswarm +local/);
  });

  it('says why a changed one proves nothing', async () => {
    writeFileSync(file, text.replace('"sequence": 1', '"sequence": 2'));
    const { exitCode, out } = await verify();
    expect(exitCode).toBe(EXIT.no);
    expect(out).toMatch(/^The certificate does not hold: commits: .*signature of member 0 does not hold/);
  });

  it('does not hold under the genesis of another swarm', async () => {
    const other = openSwarmState({ folder: join(folder.path, 'other'), swarm: 'local' });
    const { exitCode, out } = await run(['verify', file, '--genesis', other.genesisFile]);
    expect(exitCode).toBe(EXIT.no);
    expect(out).toContain('swarm_id is not that of the genesis');
  });

  it.each([
    ['a certificate that is not there', (): string[] => ['verify', join(folder.path, 'no')], 'cannot be read (ENOENT)'],
    [
      'a genesis that is not there',
      (): string[] => ['verify', file, '--genesis', join(folder.path, 'no')],
      'cannot be read (ENOENT)',
    ],
    ['a genesis that is none', (): string[] => ['verify', file, '--genesis', file], 'is refused: '],
  ])('ends with 2 for %s', async (_, args, says) => {
    const { exitCode, err } = await run(args());
    expect(exitCode).toBe(EXIT.usage);
    expect(err).toContain(says);
  });
});
