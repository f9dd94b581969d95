import { type Command } from 'commander';
import { EXIT } from '../errors';
import { type History } from '../http-api';
import { integer } from '../options';
import { apiOf, serverOption, type ServerOptions, type Session } from '../session';
import { cellText, renderFields, renderTable, shortened } from '../table';

interface HistoryOptions extends ServerOptions {
  readonly limit: number;
  readonly cursor?: string;
}

/** `concordat history`: the latest decisions. */
export function registerHistory(program: Command, session: Session): void {
  program
    .command('history')
    .description('list the latest decisions')
    .option('--limit <n>', 'how many', integer(1, 100), 10)
    .option('--cursor <cursor>', 'go on where an earlier answer ended (next_cursor)')
    .addOption(serverOption())
    .action(
      session.action(async (options: HistoryOptions) => {
        const history = await apiOf(options, session).history(options.limit, options.cursor);
        session.output.result(history, () => describeHistory(history));
        return EXIT.done;
      }),
    );
}

function describeHistory(history: History): string {
  const decisions = renderTable(
    ['proposal', 'value', 'view', 'votes', 'ms', 'time'],
    history.recent_decisions.map((decision) => [
      decision.proposal_id,
      shortened(cellText(decision.decided_value), 60),
      decision['view'],
      decision['vote_count'],
      decision['duration_ms'],
      decision.timestamp,
    ]),
  );
  const averageMs = history['avg_duration_ms'];
  const fields = renderFields([
    ['decisions', history.total_decisions],
    ['success rate', history['success_rate']],
    ['average duration', typeof averageMs === 'number' ? `${averageMs.toFixed(1)} ms` : undefined],
    ['older ones', typeof history.next_cursor === 'string' ? `--cursor ${history.next_cursor}` : undefined],
  ]);
  return `${decisions}\n${fields}`;
}
