import { EXIT } from './errors';
import { run } from './testing/captured';

describe('the command line', () => {
  const refused = [
    { name: 'an unknown command', args: ['frobnicate'], says: "unknown command 'frobnicate'" },
    { name: 'an unknown option', args: ['status', '--frob'], says: "unknown option '--frob'" },
    { name: 'a missing argument', args: ['get'], says: "missing required argument 'id'" },
    { name: 'a surplus argument', args: ['status', 'now'], says: 'too many arguments' },
    { name: 'an unknown category', args: ['propose', '1', '--category', 'x'], says: 'Allowed choices are general' },
    { name: 'an unknown priority', args: ['propose', '1', '--priority', 'x'], says: 'Allowed choices are low' },
    { name: 'a timeout below 1 s', args: ['propose', '1', '--timeout-ms', '999'], says: 'from 1000 to 60000' },
    { name: 'a proposer that is no id', args: ['propose', '1', '--proposer', 'a b'], says: 'A-Z a-z 0-9 _ -' },
    { name: 'a limit that is no number', args: ['history', '--limit', '1e1'], says: 'from 1 to 100' },
    { name: 'a server without a scheme', args: ['status', '--server', 'localhost:1'], says: 'http://127.0.0.1:8002' },
    { name: 'an unknown engine', args: ['up', '--protocol', 'raft'], says: 'Allowed choices are pbft, hotstuff' },
    { name: 'an unknown engine to measure', args: ['bench', '--protocol', 'raft'], says: 'Allowed choices are pbft' },
    { name: 'a swarm without members', args: ['up', '--nodes', '0'], says: 'from 1 to 100' },
    { name: 'a swarm name that is no token', args: ['up', '--swarm', 'a.b'], says: 'A-Z a-z 0-9 _ -' },
    { name: 'a port beyond the last', args: ['up', '--port', '65536'], says: 'from 1 to 65535' },
    { name: 'an unknown scenario', args: ['bench', '--scenario', 'x'], says: 'Allowed choices are one-in-flight' },
    { name: 'a run without length', args: ['bench', '--duration', '0'], says: 'a number above 0' },
    { name: 'a seed that is no number', args: ['simulate', '--seed', 'x'], says: 'a whole number from 0' },
    { name: 'a count and a time', args: ['simulate', '--count', '2', '--minutes', '1'], says: 'not both' },
    { name: 'no command', args: [], says: 'name a command' },
  ];
  it.each(refused)('refuses $name with exit code 2', async ({ args, says }) => {
    const { exitCode, out, err } = await run(args);
    expect({ exitCode, out }).toEqual({ exitCode: EXIT.usage, out: '' });
    expect(err).toContain(says);
  });

  it('says faults in JSON when asked for, wherever --json stands', async () => {
    for (const args of [
      ['--json', 'get'],
      ['get', '--json'],
    ]) {
      const { exitCode, out, err } = await run(args);
      expect({ exitCode, out }).toEqual({ exitCode: EXIT.usage, out: '' });
      expect(JSON.parse(err)).toEqual({ error: { code: 'USAGE', message: "missing required argument 'id'" } });
    }
  });

  it('takes what follows -- as words', async () => {
    const { err } = await run(['frobnicate', '--', '--json']);
    expect(err).toBe("concordat: unknown command 'frobnicate'\n");
  });

  it.each(['up', 'genesis', 'bench'])('%s --help names the engines', async (command) => {
    const { exitCode, out } = await run([command, '--help']);
    expect(exitCode).toBe(EXIT.done);
    expect(out.replaceAll(/\s+/g, ' ')).toContain(
      '--protocol <engine> how members agree: pbft in few steps, hotstuff with few messages (choices: "pbft", "hotstuff"',
    );
  });

  it('helps with exit code 0, and hides what is not for people', async () => {
    const { exitCode, out } = await run(['--help']);
    expect(exitCode).toBe(EXIT.done);
    const commands = [...out.matchAll(/^ {2}([a-z]+) .*[a-z]/gm)].map(([, name]) => name);
    expect(commands).toEqual([
      'up',
      'genesis',
      'propose',
      'status',
      'get',
      'why',
      'history',
      'verify',
      'epochs',
      'evidence',
      'key',
      'join',
      'leave',
      'rotate',
      'reputation',
      'isolate',
      'release',
      'req',
      'bench',
      'simulate',
      'help',
    ]);
  });

  it('takes an internal fault for "not done"', async () => {
    const broken = (program: import('commander').Command): void => {
      program.command('break').action(() => {
        throw new Error('broken inside');
      });
    };
    expect(await run(['break', '--json'], {}, [broken])).toEqual({
      exitCode: EXIT.no,
      out: '',
      err: '{"error":{"code":"INTERNAL","message":"broken inside"}}\n',
    });
  });
});
