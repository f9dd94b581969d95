import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { isId } from '@concordat/protocol';
import { type Command } from 'commander';
import { CliError, EXIT, usageError, type ExitCode } from '../errors';
import { readGenesisFile } from '../genesis-file';
import { HttpApi } from '../http-api';
import { Asking, type AskingOptions } from '../membership/asking';
import { natsUrl, subjectToken } from '../options';
import { serverOption, type ServerOptions, type Session } from '../session';

import { cliMain, memberMain } from '../swarm/bundles';
import { useBroker } from '../swarm/broker';
import { startGuard } from '../swarm/guard';
import { aborted, processLifetime } from '../swarm/lifetime';
import { describeEnd, LocalSwarm } from '../swarm/local-swarm';
import { localNodeId, makeKey, readMemberKey } from '../swarm/member-keys';
import { spawnFrom } from '../swarm/member-process';
import { freePorts } from '../swarm/ports';
import { placeIn } from '../swarm/state-folder';

interface AddOptions extends ServerOptions {
  readonly data: string;
  readonly nodeId?: string;
  readonly nats: string;
}

const HOST = '127.0.0.1';
const START_TIMEOUT_MS = 30_000;
const STEP_MS = 50;
const JOIN_TIMEOUT_MS = 30_000;

/** `concordat add-node`: one more member of the local swarm that `up` runs, until Ctrl-C. A later `up` runs it with the others. */
export function registerAddNode(program: Command, session: Session): void {
  program
    .command('add-node')
    .description('run one more member of a running local swarm: makes its key, starts it, has it join')
    .option('--data <dir>', "the swarm's state", '.concordat/local')
    .option('--node-id <id>', 'its name (default: the next node-<n>)', subjectToken)
    .option('--nats <url>', 'NATS server of the swarm', natsUrl, 'nats://127.0.0.1:4222')
    .addOption(serverOption())
    .action(session.action((options: AddOptions) => addNode(options, session)));
}

async function addNode(options: AddOptions, session: Session): Promise<ExitCode> {
  const { data } = options;
  const genesisFile = join(data, 'genesis.json');
  const genesis = readGenesisFile(genesisFile);
  const node = options.nodeId ?? nextName(data);
  if (existsSync(join(data, node))) throw usageError(`${join(data, node)} is there already: \`concordat up\` runs it.`);
  const spawn = spawnFrom(memberMain());
  const asking = new Asking(askingOptionsOf(options, genesisFile), session);
  // Whoever does not answer would not let it join either.
  await asking.api.clusterStatus();
  mkdirSync(join(data, node), { mode: 0o700 });
  const place = placeIn(data, node, true);
  makeKey(place.keyFile, genesis.table.signatureScheme);
  const lifetime = processLifetime(process);
  const guard = startGuard(cliMain);
  const swarm = new LocalSwarm({
    state: { genesis, genesisFile, members: [place], created: false },
    broker: await useBroker(options.nats),
    guard,
    httpPorts: await freePorts(1, HOST),
    env: session.env,
    spawn,
    restarts: true,
    onMemberEnd: (end) =>
      session.output.event({ event: 'member_ended', node_id: node }, `${node} ended: ${describeEnd(end)}`),
    onMemberRestart: (_, pid) =>
      session.output.event({ event: 'member_restarted', node_id: node, pid }, `${node} runs again (pid ${pid})`),
  });
  try {
    const { signal } = lifetime;
    await swarm.start({ timeoutMs: START_TIMEOUT_MS, signal, onHealthy: () => undefined });
    const proof = await asking.proven(node, readMemberKey(place.keyFile));
    const code = await asking.ask({ kind: 'join', ...proof });
    if (code !== EXIT.done) return code;
    const [member] = swarm.members;
    await untilItVotes(new HttpApi(member?.url ?? ''), signal);
    const ready = { event: 'ready', node_id: node, url: member?.url, pid: member?.process.pid };
    session.output.result(ready, () => `${node} votes; it listens on ${member?.url ?? ''}. Ctrl-C stops it.`);
    await aborted(signal);
    return EXIT.done;
  } finally {
    await swarm.stop();
    guard.close();
    lifetime.end();
  }
}

/** The epoch has begun where it was asked for; a moment later it does here. Rejects with a CliError. */
async function untilItVotes(api: HttpApi, signal: AbortSignal): Promise<void> {
  const deadlineMs = performance.now() + START_TIMEOUT_MS;
  while (!signal.aborted && (await api.health()).votes !== true) {
    if (performance.now() > deadlineMs)
      throw new CliError(EXIT.no, 'NOT_VOTING', `the node at ${api.server} joined, but does not vote yet.`);
    await pause(STEP_MS, undefined, { signal }).catch(() => undefined);
  }
}

const askingOptionsOf = (options: AddOptions, genesis: string): AskingOptions => ({
  ...options,
  genesis,
  memberKey: [],
  wait: true,
  timeoutMs: JOIN_TIMEOUT_MS,
});

function nextName(folder: string): string {
  const taken = readdirSync(folder).filter(isId);
  for (let index = 0; ; index++) {
    const name = localNodeId(index);
    if (!taken.includes(name)) return name;
  }
}
