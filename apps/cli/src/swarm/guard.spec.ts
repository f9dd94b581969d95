import { PassThrough } from 'node:stream';
import { runGuard } from './guard';

/** Processes that end when they get the signal that they heed. */
function processes(heeds: Readonly<Record<number, NodeJS.Signals>>): {
  readonly sent: string[];
  readonly kill: (pid: number, signal: NodeJS.Signals | 0) => void;
} {
  const alive = new Map(Object.entries(heeds).map(([pid, signal]) => [Number(pid), signal]));
  const sent: string[] = [];
  const kill = (pid: number, signal: NodeJS.Signals | 0): void => {
    const heeded = alive.get(pid);
    if (heeded === undefined) throw new Error('ESRCH');
    if (signal !== 0) sent.push(`${signal} ${pid}`);
    if (signal === heeded) alive.delete(pid);
  };
  return { sent, kill };
}

async function guard(text: string, kill: (pid: number, signal: NodeJS.Signals | 0) => void): Promise<number> {
  const input = new PassThrough();
  let pauses = 0;
  input.end(text);
  await runGuard(input, { kill, pause: () => Promise.resolve((pauses += 1)) });
  return pauses;
}

describe('the guard', () => {
  it('ends what is left when its input ends', async () => {
    const { sent, kill } = processes({ 10: 'SIGTERM', 11: 'SIGTERM', 12: 'SIGTERM' });
    expect(await guard('+10\n+11\n-10\n+12\n', kill)).toBe(1);
    expect(sent).toEqual(['SIGTERM 11', 'SIGTERM 12']);
  });

  it('kills who does not heed SIGTERM', async () => {
    const { sent, kill } = processes({ 10: 'SIGKILL', 11: 'SIGTERM' });
    expect(await guard('+10\n+11\n', kill)).toBe(50);
    expect(sent).toEqual(['SIGTERM 10', 'SIGTERM 11', 'SIGKILL 10']);
  });

  it('never signals a whole group, nor init, nor what is no process', async () => {
    const { sent, kill } = processes({});
    expect(await guard('+0\n+-5\n+1\n+x\n*7\n', kill)).toBe(0);
    expect(sent).toEqual([]);
  });
});
