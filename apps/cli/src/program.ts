import { Command, CommanderError } from 'commander';
import { registerBench } from './commands/bench';
import { registerAddNode } from './commands/add-node';
import { registerEvidence } from './commands/evidence';
import { registerEpochs } from './commands/epochs';
import { registerKey } from './commands/key';
import { registerMembership } from './commands/membership';
import { registerWhatIf } from './commands/what-if';
import { registerGenesis } from './commands/genesis';
import { registerGet } from './commands/get';
import { registerHistory } from './commands/history';
import { registerProcesses } from './commands/processes';
import { registerPropose } from './commands/propose';
import { registerReq } from './commands/req';
import { registerSimulate } from './commands/simulate';
import { registerStatus } from './commands/status';
import { registerUp } from './commands/up';
import { registerVerify } from './commands/verify';
import { registerWhy } from './commands/why';
import { CliError, EXIT, messageOf, type ExitCode } from './errors';
import { Output, type Surroundings } from './output';
import { Session, type Register } from './session';

const COMMANDS: readonly Register[] = [
  registerUp,
  registerGenesis,
  registerPropose,
  registerStatus,
  registerGet,
  registerWhy,
  registerHistory,
  registerVerify,
  registerEpochs,
  registerEvidence,
  registerKey,
  registerMembership,
  registerWhatIf,
  registerAddNode,
  registerReq,
  registerBench,
  registerSimulate,
  registerProcesses,
];

/** Runs one command line (without `node` and the script) and returns its exit code. Never rejects. */
export async function runCli(
  args: readonly string[],
  surroundings: Surroundings,
  commands: readonly Register[] = COMMANDS,
): Promise<ExitCode> {
  // Looked for by hand, because faults of the command line itself are to be said in the same form.
  const end = args.indexOf('--');
  const session = new Session(
    surroundings,
    new Output(surroundings, args.slice(0, end < 0 ? args.length : end).includes('--json')),
  );
  const program = createProgram(session, commands);
  try {
    await program.parseAsync(args, { from: 'user' });
    return session.exitCode;
  } catch (thrown) {
    return explain(thrown, program, session.output);
  }
}

function createProgram(session: Session, commands: readonly Register[]): Command {
  const program = new Command('concordat')
    .description('Byzantine-fault-tolerant consensus over NATS')
    .option('--json', 'answer for machines: JSON on standard output, errors as JSON on standard error')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText(
      'after',
      '\nExit codes: 0 done or it holds, 1 not decided or it does not hold, 2 usage, 3 unreachable.',
    )
    .exitOverride()
    .configureOutput({
      writeOut: (text) => session.surroundings.out(text),
      // Faults are said once, by explain.
      writeErr: () => undefined,
    });
  for (const register of commands) register(program, session);
  return program;
}

function explain(thrown: unknown, program: Command, output: Output): ExitCode {
  if (thrown instanceof CommanderError) {
    if (thrown.exitCode === 0) return EXIT.done;
    const bare = thrown.code === 'commander.help';
    if (bare && !output.json) output.surroundings.err(`${program.helpInformation()}\n`);
    output.failure({ code: 'USAGE', message: bare ? 'name a command.' : thrown.message.replace(/^error: /, '') });
    return EXIT.usage;
  }
  if (thrown instanceof CliError) {
    output.failure(thrown);
    return thrown.exitCode;
  }
  output.failure({ code: 'INTERNAL', message: messageOf(thrown) });
  return EXIT.no;
}
