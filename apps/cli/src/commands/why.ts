import { type Command } from 'commander';
import { EXIT } from '../errors';
import { type Why } from '../http-api';
import { apiOf, serverOption, type ServerOptions, type Session } from '../session';
import { renderFields, renderTable } from '../table';

/** `concordat why ID`: exit 0 when it is decided. */
export function registerWhy(program: Command, session: Session): void {
  program
    .command('why')
    .description('explain why a proposal is not decided')
    .argument('<id>', 'proposal id: <node>:<view>:<n>, or <client>:<nonce>')
    .addOption(serverOption())
    .action(
      session.action(async (id: string, options: ServerOptions) => {
        const why = await apiOf(options, session).why(id);
        session.output.result(why, () => describeWhy(why));
        return why.status === 'decided' ? EXIT.done : EXIT.no;
      }),
    );
}

function describeWhy(why: Why): string {
  const { have, timer, links_down: down } = why;
  const fields = renderFields([
    ['proposal', why.proposal_id],
    ['status', why.status],
    ['because', why.reasons[0]],
    ...why.reasons.slice(1).map((reason) => ['and', reason] as const),
    ...why.what_would_help.map((help) => ['would help', help] as const),
    ['phase', why.phase],
    ['sequence', why.sequence ?? undefined],
    ['view', `${why.view}, led by ${why.leader}`],
    ['have', `${have.weight} of ${why.need}: ${have.members.join(', ') || 'nobody'}`],
    ['timer', timer === null ? undefined : describeTimer(timer)],
    ['links down', down.length === 0 ? undefined : down.map(({ from, to }) => `${from} to ${to}`)],
  ]);
  if (why.missing.length === 0) return fields;
  const rows = why.missing.map((member) => [member.node_id, member.state, member.why]);
  return `${fields}\n${renderTable(['missing', 'state', 'why'], rows)}`;
}

function describeTimer(timer: NonNullable<Why['timer']>): string {
  const whose =
    timer.timer === 'new-view'
      ? "the next leader's time"
      : timer.is_own
        ? "the leader's time"
        : "the leader's time for an older request";
  return `${whose} runs out in ${timer.runs_out_in_ms} ms`;
}
