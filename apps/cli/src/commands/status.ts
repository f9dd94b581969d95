import { type Command } from 'commander';
import { EXIT } from '../errors';
import { type ClusterStatus } from '../http-api';
import { apiOf, serverOption, type ServerOptions, type Session } from '../session';
import { renderFields, renderTable } from '../table';

/** `concordat status`: exit 0 while decisions are possible. */
export function registerStatus(program: Command, session: Session): void {
  program
    .command('status')
    .description('show the swarm as one member sees it')
    .addOption(serverOption())
    .action(
      session.action(async (options: ServerOptions) => {
        const status = await apiOf(options, session).clusterStatus();
        session.output.result(status, () => describeStatus(status));
        return status.consensus_possible ? EXIT.done : EXIT.no;
      }),
    );
}

function describeEpoch({ epoch, next_epoch: next }: ClusterStatus): string {
  if (next === null) return String(epoch);
  return `${epoch}; ${next.epoch} begins with sequence ${next.first_sequence}`;
}

function describeStatus(status: ClusterStatus): string {
  const links = status.connectivity?.links_down ?? [];
  const fields = renderFields([
    ['members', `${status.healthy_nodes} of ${status.total_nodes} healthy`],
    ['decisions', status.consensus_possible ? 'possible' : 'not possible: no quorum'],
    ['asked member', status.status],
    ['quorum', status['quorum']],
    ['faults tolerated', status['byzantine_threshold']],
    ['can lose one more', status['can_tolerate_more_failures'] === true ? 'yes' : 'no'],
    ['leader', status['current_leader']],
    ['epoch', describeEpoch(status)],
    ['view changes', status['view_changes_count']],
    ['proven Byzantine', status['byzantine_nodes']],
    ['links down', links.length === 0 ? undefined : links.map(({ from, to }) => `${from} to ${to}`)],
  ]);
  const members = renderTable(
    ['node', 'state', 'role', 'reputation', 'isolated', 'decisions'],
    status.node_statuses.map((node) => [
      node.node_id,
      node.state,
      node['is_leader'] === true ? 'leader' : 'member',
      node['reputation_score'],
      node['isolated'] === true ? 'yes' : 'no',
      node['total_decisions'],
    ]),
  );
  return `${fields}\n${members}`;
}
