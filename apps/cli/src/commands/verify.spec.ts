import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decisionText } from '@concordat/client';
import { EXIT } from '../errors';
import { readMemberKey } from '../swarm/member-keys';
import { openSwarmState, type SwarmState } from '../swarm/state-folder';
import { run, temporaryFolder } from '../testing/captured';
import { chainOf, decisionOf } from '../testing/decision';

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

  describe('of a later epoch', () => {
    const epochsFile = join(folder.path, 'epochs.json');
    let chainText: string;
    let later: string;

    beforeAll(() => {
      const keys = state.members.map(({ keyFile }) => readMemberKey(keyFile));
      const { chain, table } = chainOf(state.genesis, keys);
      chainText = JSON.stringify(chain);
      later = decisionText(decisionOf(state.genesis, keys, { action: 'later' }, table));
    });
    beforeEach(() => {
      writeFileSync(file, later);
      writeFileSync(epochsFile, chainText);
    });

    it('holds with the chain that leads there', async () => {
      const { exitCode, out } = await verify('--epochs', epochsFile, '--json');
      expect(exitCode).toBe(EXIT.done);
      expect(JSON.parse(out)).toMatchObject({ holds: true, epoch: 1, trusted_epoch: 0 });
      expect((await verify('--epochs', epochsFile)).out).toMatch(/trusted +epoch 0\n/);
    });

    it.each([
      ['without a chain', (): string[] => [], 'epoch 1 is not reached: no change of epochs leads there'],
      [
        'with a chain that is longer than allowed',
        (): string[] => ['--epochs', epochsFile, '--max-epoch-age', '0'],
        'the trusted epoch 0 is 1 epochs old, at most 0 may be',
      ],
    ])('does not hold %s', async (_, args, says) => {
      const { exitCode, out } = await verify(...args());
      expect(exitCode).toBe(EXIT.no);
      expect(out).toContain(says);
    });

    it('does not hold with a chain that was changed', async () => {
      writeFileSync(epochsFile, chainText.replace('"f":1', '"f":0'));
      const { exitCode, out } = await verify('--epochs', epochsFile);
      expect(exitCode).toBe(EXIT.no);
      expect(out).toContain('changes[0]: epoch change: the table is not the certified one');
    });

    it.each([
      ['cannot be read', (): string => join(folder.path, 'no'), 'cannot be read (ENOENT)'],
      ['is not JSON', (): string => join(folder.path, 'text'), 'is not JSON'],
    ])('ends with 2 when the chain %s', async (_, path, says) => {
      writeFileSync(join(folder.path, 'text'), 'epochs');
      const { exitCode, err } = await verify('--epochs', path());
      expect(exitCode).toBe(EXIT.usage);
      expect(err).toContain(says);
    });
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
