import { EventEmitter } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../testing/captured';
import { FakeChild } from '../testing/fake-swarm';
import { IMPATIENCE_AFTER_MS, processLifetime } from './lifetime';
import { lastLines } from './log-tail';
import { MemberProcess, type MemberEnd, type MemberSpec } from './member-process';
import { RestartPolicy } from './restart-policy';

describe('RestartPolicy', () => {
  const options = { delayMinMs: 10, delayMaxMs: 35, settledAfterMs: 1000, quickDeathsMax: 4 };

  it('waits longer after each quick death, and gives up', () => {
    const policy = new RestartPolicy(options);
    expect([0, 999, 0, 0, 0].map((livedMs) => policy.onDeath(livedMs))).toEqual([10, 20, 35, 35, undefined]);
  });

  it('starts over once a process has lived', () => {
    const policy = new RestartPolicy(options);
    expect([0, 0, 1000, 0].map((livedMs) => policy.onDeath(livedMs))).toEqual([10, 20, 10, 20]);
  });
});

describe('MemberProcess', () => {
  const spec: MemberSpec = { nodeId: 'node-0', logFile: '/dev/null', env: {} };

  function keeper(): {
    member: MemberProcess;
    children: FakeChild[];
    ends: MemberEnd[];
    ended: (n: number) => Promise<void>;
  } {
    const children: FakeChild[] = [];
    const ends: MemberEnd[] = [];
    const changed = new EventEmitter();
    const member = new MemberProcess(spec, {
      spawn: () => {
        const child = new FakeChild(spec, Promise.resolve(undefined));
        children.push(child);
        return child;
      },
      restarts: () => true,
      policy: new RestartPolicy({ delayMinMs: 50, delayMaxMs: 50, settledAfterMs: 1e9, quickDeathsMax: 1 }),
      onStart: () => undefined,
      onGone: () => undefined,
      onEnd: (end) => {
        ends.push(end);
        changed.emit('end');
      },
    });
    const ended = async (n: number): Promise<void> => {
      while (ends.length < n) await EventEmitter.once(changed, 'end');
    };
    return { member, children, ends, ended };
  }

  beforeEach(() => jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] }));
  afterEach(() => jest.useRealTimers());

  it('is started again until the policy gives up', async () => {
    const { member, children, ends, ended } = keeper();
    member.start();
    children[0]?.end(1, null);
    await ended(1);
    jest.advanceTimersByTime(50);
    children[1]?.end(null, 'SIGKILL');
    await ended(2);
    jest.runAllTimers();
    expect(children).toHaveLength(2);
    expect(ends.map(({ code, signal, restartInMs }) => ({ code, signal, restartInMs }))).toEqual([
      { code: 1, signal: null, restartInMs: 50 },
      { code: null, signal: 'SIGKILL', restartInMs: undefined },
    ]);
    await member.stop();
  });

  it('is not started again once it is stopped while it waits', async () => {
    const { member, children, ended } = keeper();
    member.start();
    children[0]?.end(1, null);
    await ended(1);
    await member.stop();
    jest.runAllTimers();
    expect(children).toHaveLength(1);
  });

  it('takes a process that cannot be started for one that ended', async () => {
    const { member, children, ends, ended } = keeper();
    member.start();
    children[0]?.emit('error', new Error('ENOENT'));
    await ended(1);
    expect(ends).toEqual([{ nodeId: 'node-0', pid: children[0]?.pid, code: null, signal: null, restartInMs: 50 }]);
    await member.stop();
  });
});

describe('processLifetime', () => {
  it('takes the same Ctrl-C from several senders for one, and a later one for impatience', () => {
    const source = new EventEmitter();
    let nowMs = 0;
    const lifetime = processLifetime(source, () => nowMs);
    const impatient = jest.fn();
    lifetime.onImpatience(impatient);
    source.emit('SIGHUP');
    expect(lifetime.signal.aborted).toBe(false);
    source.emit('SIGINT');
    source.emit('SIGINT');
    source.emit('SIGTERM');
    expect(lifetime.signal.aborted).toBe(true);
    expect(impatient).not.toHaveBeenCalled();
    nowMs = IMPATIENCE_AFTER_MS;
    source.emit('SIGINT');
    expect(impatient).toHaveBeenCalledTimes(1);
    lifetime.end();
    expect(source.eventNames()).toEqual([]);
  });
});

describe('lastLines', () => {
  const folder = temporaryFolder();
  afterAll(folder.remove);

  it('reads the end of a large log', () => {
    const file = join(folder.path, 'member.log');
    writeFileSync(file, Array.from({ length: 10_000 }, (_, n) => `line ${n}\n`).join(''));
    expect(lastLines(file, 2)).toEqual(['line 9998', 'line 9999']);
  });

  it('leaves out what earlier runs wrote, unless the log was begun anew', () => {
    const file = join(folder.path, 'earlier.log');
    writeFileSync(file, 'old\nnew\n');
    expect(lastLines(file, 9, 4)).toEqual(['new']);
    expect(lastLines(file, 9, 8)).toEqual([]);
    expect(lastLines(file, 9, 100)).toEqual(['old', 'new']);
  });

  it('finds nothing where there is no log', () => {
    expect(lastLines(join(folder.path, 'missing'), 2)).toEqual([]);
  });
});
