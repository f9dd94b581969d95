import { type Command } from 'commander';
import { serveLoad } from '../bench/load-process';
import { EXIT } from '../errors';
import { type Session } from '../session';
import { serveSweep } from '../simulate/sweepers';
import { runGuard } from '../swarm/guard';

/** Processes that the CLI starts itself: they are no commands for people. */
export function registerProcesses(program: Command, session: Session): void {
  program.command('guard', { hidden: true }).action(
    session.action(async () => {
      await runGuard(process.stdin);
      return EXIT.done;
    }),
  );
  program.command('load', { hidden: true }).action(
    session.action(async () => {
      await serveLoad();
      return EXIT.done;
    }),
  );
  program.command('sweep', { hidden: true }).action(
    session.action(async () => {
      await serveSweep();
      return EXIT.done;
    }),
  );
}
