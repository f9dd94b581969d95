import { builtinModules } from 'node:module';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'rolldown';

/** Every bundle: its entry files by output name. One entry makes one file, `dist/<app>/<name>.cjs`. */
export const BUNDLES = {
  'apps/consensus-node': { main: 'apps/consensus-node/src/main.ts' },
  'apps/cli': { main: 'apps/cli/src/main.ts' },
};

/** Packages with native binaries: they find their own files next to themselves, so they stay in node_modules. */
const NATIVE = ['@chainsafe/blst', 'sodium-native', 'classic-level'];

/** Packages that Nest asks for when it is used in ways we don't: absent here, and Nest copes. */
const OPTIONAL = [
  '@fastify/static',
  '@fastify/view',
  '@grpc/grpc-js',
  '@grpc/proto-loader',
  '@nestjs/platform-express',
  '@nestjs/platform-socket.io',
  '@nestjs/websockets',
  'amqp-connection-manager',
  'amqplib',
  'class-transformer',
  'class-validator',
  'ioredis',
  'kafkajs',
  'mqtt',
];

const external = [
  /^node:/,
  ...builtinModules,
  ...[...NATIVE, ...OPTIONAL].map((name) => new RegExp(`^${name.replaceAll('.', String.raw`\.`)}(/|$)`)),
];
const here = (path) => fileURLToPath(new URL(path, import.meta.url));

export default Object.entries(BUNDLES).map(([app, input]) =>
  defineConfig({
    cwd: here('.'),
    input,
    platform: 'node',
    external,
    // Decorators and their metadata, which Nest injects by, are switched on there.
    tsconfig: here(`${app}/tsconfig.json`),
    transform: { target: 'node20' },
    logLevel: 'warn',
    onLog(level, log, handle) {
      if (log.code === 'UNRESOLVED_IMPORT') throw new Error(`${log.message}\nInstall it, or name it in OPTIONAL.`);
      // Dependencies that call eval do so in branches we never reach, and say so at every build.
      if (log.code === 'EVAL' && log.id?.includes('node_modules')) return;
      handle(level, log);
    },
    output: {
      dir: `dist/${app}`,
      format: 'cjs',
      entryFileNames: '[name].cjs',
      chunkFileNames: '[name].cjs',
      sourcemap: true,
      keepNames: true,
    },
  }),
);
