import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ROOT, ensureBuilt, ensureDependencies, ensureNatsServer, ensureNode, withSetupErrors } from './ensure.mjs';

/** `npm start -- <options>`: everything that `concordat up` needs, then `concordat up <options>`. */
await withSetupErrors(() => {
  ensureNode();
  ensureDependencies();
  ensureBuilt();
  const natsServer = ensureNatsServer();

  const child = spawn(process.execPath, [join(ROOT, 'dist/apps/cli/main.cjs'), 'up', ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, NATS_SERVER_BIN: natsServer },
  });
  // A terminal sends Ctrl-C to the whole group; a supervisor signals this process alone. The child copes with both.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    for (const name of ['SIGINT', 'SIGTERM']) process.removeAllListeners(name);
    if (signal) process.kill(process.pid, signal);
    else process.exitCode = code ?? 1;
  });
});
