import ora from 'ora';
import { type CliError } from './errors';

/** What the CLI knows of the world outside. Tests give their own. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Writes to standard output. */
  readonly out: (text: string) => void;
  /** Writes to standard error. */
  readonly err: (text: string) => void;
  /** True when standard error is a terminal that can show a spinner. */
  readonly interactive: boolean;
}

/** Shows that something takes time. */
export interface Progress {
  /** Says what is being done now. */
  update(text: string): void;
  /** Ends it, with a last line. */
  succeed(text: string): void;
  /** Ends it without a line. */
  stop(): void;
}

/** Where a command's words go: results to standard output, all else to standard error. */
export class Output {
  constructor(
    readonly surroundings: Surroundings,
    /** Machines read: one JSON value per line. */
    readonly json: boolean,
  ) {}

  /** The command's result: `value` for machines, `human` for people. */
  result(value: unknown, human: () => string): void {
    this.surroundings.out(`${this.json ? JSON.stringify(value) : human()}\n`);
  }

  /** Something that happened meanwhile. */
  event(value: unknown, human: string): void {
    this.surroundings.err(`${this.json ? JSON.stringify(value) : human}\n`);
  }

  /** Why the command failed. */
  failure({ code, message }: Pick<CliError, 'code' | 'message'>): void {
    this.surroundings.err(`${this.json ? JSON.stringify({ error: { code, message } }) : `concordat: ${message}`}\n`);
  }

  /** A spinner on a terminal, plain lines elsewhere, nothing for machines. */
  progress(text: string): Progress {
    if (this.json) return { update: () => undefined, succeed: () => undefined, stop: () => undefined };
    if (this.surroundings.interactive) return spinner(text);
    const say = (line: string): void => this.surroundings.err(`${line}\n`);
    say(text);
    return { update: () => undefined, succeed: say, stop: () => undefined };
  }
}

function spinner(text: string): Progress {
  // With discardStdin a terminal in raw mode would keep Ctrl-C from becoming a signal.
  const instance = ora({ text, discardStdin: false }).start();
  return {
    update: (line) => {
      instance.text = line;
    },
    succeed: (line) => void instance.succeed(line),
    stop: () => void instance.stop(),
  };
}
