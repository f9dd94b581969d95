import { dirname } from 'node:path';
import { nativeHash } from '@concordat/crypto';
import { Committee, subjectsOf, view as toView, type EngineName } from '@concordat/protocol';
import { DEFAULT_SERVER } from '../session';
import { FIRST_VALUE, type FirstDecision } from '../swarm/first-decision';
import { type LocalSwarm } from '../swarm/local-swarm';
import { type SwarmState } from '../swarm/state-folder';
import { renderTable } from '../table';

/** What there is to say once a swarm is up. */
export interface Ready {
  readonly state: SwarmState;
  readonly natsUrl: string;
  readonly members: LocalSwarm['members'];
  readonly first: FirstDecision;
}

/** Who led when the first decision was made. With HotStuff that says nothing about now: every second block has another leader. */
function leaderOf({ first, state: { genesis } }: Ready): string | undefined {
  const { table } = genesis;
  if (table.engine === 'hotstuff') return undefined;
  const committee = new Committee(table, nativeHash);
  return committee.member(committee.leaderOf(toView(first.proof.view)))?.nodeId;
}

const ENGINE_TEXTS: Readonly<Record<EngineName, string>> = {
  pbft: '',
  hotstuff: ' with HotStuff, all leading in turn',
};

/** Addresses without user and password: what is printed ends up in logs. */
export const withoutSecrets = (urls: string): string => urls.replace(/[^/@,]*@/g, '');

/** The ready line for machines. */
export function readyValue(ready: Ready): object {
  const { state, natsUrl, members, first } = ready;
  const leader = leaderOf(ready);
  return {
    event: 'ready',
    swarm: state.genesis.swarm,
    protocol: state.genesis.table.engine,
    nats_url: withoutSecrets(natsUrl),
    genesis_file: state.genesisFile,
    created: state.created,
    pid: process.pid,
    nodes: members.map(({ nodeId, url, process: { pid } }, index) => ({
      node_id: nodeId,
      url,
      pid: pid ?? null,
      role: nodeId === leader ? 'leader' : 'member',
      log_file: state.members[index]?.logFile,
    })),
    first_decision: {
      proposal_id: first.state.proposal_id,
      decided_value: first.proof.decided_value,
      view: first.proof.view,
      sequence: first.proof.sequence,
      certificate_holds: true,
    },
  };
}

/** The same for people, with lines to copy. */
export function describeReady(ready: Ready): string {
  const { state, natsUrl, members, first } = ready;
  const leader = leaderOf(ready);
  const rows = members.map(({ nodeId, url, process: { pid } }) => [
    nodeId,
    url,
    pid,
    nodeId === leader ? 'leader' : 'member',
  ]);
  const server = members[0]?.url ?? DEFAULT_SERVER;
  const body = { value: FIRST_VALUE };
  const subject = subjectsOf(state.genesis.swarm).api('propose');
  const elsewhere = server === DEFAULT_SERVER ? '' : ` --server ${server}`;
  return [
    '',
    `Swarm ${state.genesis.swarm} is up${ENGINE_TEXTS[state.genesis.table.engine]}; its first decision is ${first.state.proposal_id}:`,
    `  ${JSON.stringify(first.proof.decided_value)}`,
    renderTable(['node', 'url', 'pid', 'role'], rows),
    'Propose something (over HTTP, over NATS, or from here):',
    `  curl -s -X POST '${server}/api/v1/propose?wait=true' -H 'content-type: application/json' -d '${JSON.stringify(body)}'`,
    `  nats --server ${withoutSecrets(natsUrl)} req ${subject} '${JSON.stringify({ ...body, wait: true })}'`,
    `  npx concordat propose '${JSON.stringify(FIRST_VALUE)}' --wait${elsewhere}`,
    `Have one more member join: npx concordat add-node --data ${dirname(state.genesisFile)} --nats ${withoutSecrets(natsUrl)}${elsewhere}`,
    `Logs are in ${state.members[0]?.logFile ?? ''} and beside it. Ctrl-C (or kill ${process.pid}) stops everything.`,
  ].join('\n');
}
