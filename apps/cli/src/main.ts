import { runCli } from './program';

// Whoever read the output may be gone (a closed terminal, `| head`): that is no reason to fail.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

void runCli(process.argv.slice(2), {
  env: process.env,
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  // A terminal of no width (`script`, some containers) makes a spinner clear lines for ever.
  interactive: process.stderr.isTTY && process.stderr.columns > 0,
}).then((exitCode) => {
  process.exitCode = exitCode;
});
