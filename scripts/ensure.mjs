import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { delimiter, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root folder. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** A fault that the person at the keyboard can mend: its message is one sentence that says how. */
export class SetupError extends Error {
  name = 'SetupError';
}

const NODE_MIN = [20, 19];
const STAMP = join(ROOT, 'dist', '.stamp');
const TOOLS = join(ROOT, '.concordat', 'tools');

function say(line) {
  process.stderr.write(`concordat: ${line}\n`);
}

function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'], ...options });
  return result.status === 0;
}

function npm(args) {
  const script = process.env.npm_execpath;
  if (script && /npm-cli\.c?js$/.test(script)) return run(process.execPath, [script, ...args]);
  return run('npm', args, { shell: process.platform === 'win32' });
}

/** Throws a SetupError when this Node.js is older than the project needs. */
export function ensureNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1])) return;
  throw new SetupError(`Concordat needs Node.js ${NODE_MIN.join('.')} or newer, and this is ${process.version}.`);
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** True when every package that package-lock.json asks for on this platform is the one npm has installed. */
function dependenciesMatchLock() {
  const wanted = readJson(join(ROOT, 'package-lock.json'))?.packages;
  const installed = readJson(join(ROOT, 'node_modules', '.package-lock.json'))?.packages;
  if (!wanted || !installed) return false;
  return Object.entries(wanted).every(([path, { version, link, optional }]) => {
    if (!path.startsWith('node_modules/') || link) return true;
    const found = installed[path];
    return found ? found.version === version : optional === true;
  });
}

/** Installs what package-lock.json says, unless it is installed already. */
export function ensureDependencies() {
  if (dependenciesMatchLock()) return;
  say('installing dependencies (npm ci)');
  if (!npm(['ci', '--no-audit', '--no-fund', '--loglevel=error'])) {
    throw new SetupError('`npm ci` failed: see its message above, check the network, and try again.');
  }
}

const SOURCE_FOLDERS = ['apps', 'libs'];
const SOURCE_FILES = ['package-lock.json', 'rolldown.config.mjs', 'tsconfig.base.json', 'scripts/build.mjs'];
const NOT_BUILT = /(\.spec\.ts|jest\.config\.cjs|project\.json|\.md)$/;

function* filesBelow(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== 'node_modules' && entry.name !== 'dist') yield* filesBelow(path);
    } else if (entry.isFile() && !NOT_BUILT.test(entry.name)) {
      yield path;
    }
  }
}

/** A SHA-256 (hex) over the path and content of everything that a build reads. */
export function sourceHash() {
  const files = [
    ...SOURCE_FOLDERS.flatMap((folder) => [...filesBelow(join(ROOT, folder))]),
    ...SOURCE_FILES.map((file) => join(ROOT, file)),
  ];
  const hash = createHash('sha256');
  for (const file of files.sort()) {
    const content = createHash('sha256').update(readFileSync(file)).digest('hex');
    hash.update(`${relative(ROOT, file).split(sep).join('/')}\0${content}\n`);
  }
  return hash.digest('hex');
}

/** Where a build leaves the `sourceHash` of what it read. */
export const stampPath = STAMP;

/** Builds the bundles, unless those in dist/ were built from exactly these sources. */
export function ensureBuilt() {
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === sourceHash()) return;
  say('building');
  if (!run(process.execPath, [join(ROOT, 'scripts', 'build.mjs')])) {
    throw new SetupError('The build failed: see its message above.');
  }
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function findOnPath(name) {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  const more = ['/usr/sbin', '/usr/local/sbin', '/usr/local/bin', '/opt/homebrew/bin'];
  const names = process.platform === 'win32' ? [`${name}.exe`] : [name];
  return [...folders, ...more].flatMap((folder) => names.map((file) => join(folder, file))).find(isExecutable);
}

/** Runs a package manager, showing what it says only when it fails. */
function quietly(command, args, options = {}) {
  const result = spawnSync(command, args, {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    ...options,
  });
  if (result.status !== 0) process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`);
  return result.status === 0;
}

/**
 * Debian and Ubuntu: takes the binary out of the distribution's package, into this repository. Needs no root, and does
 * not start the system service that an installation of the package would start on port 4222.
 */
function fromApt() {
  const work = join(TOOLS, 'apt');
  const target = join(TOOLS, 'nats-server');
  for (const folder of ['lists/partial', 'cache/archives/partial']) mkdirSync(join(work, folder), { recursive: true });
  const own = ['-o', `Dir::State::lists=${join(work, 'lists')}`, '-o', `Dir::Cache=${join(work, 'cache')}`];
  const download = (options) => ['-q', ...options, 'download', 'nats-server'];
  const cwd = { cwd: work };
  const got =
    spawnSync('apt-get', download([]), { ...cwd, stdio: 'ignore' }).status === 0 ||
    (quietly('apt-get', ['-q', ...own, 'update'], cwd) && quietly('apt-get', download(own), cwd));
  const archive = got && readdirSync(work).find((name) => name.endsWith('.deb'));
  const unpacked = archive && quietly('dpkg-deb', ['-x', join(work, archive), target]);
  rmSync(work, { recursive: true, force: true });
  return unpacked;
}

function asRoot(command, args) {
  if (process.getuid?.() === 0) return quietly(command, args);
  return findOnPath('sudo') !== undefined && quietly('sudo', ['-n', command, ...args]);
}

const PACKAGE_MANAGERS = [
  { command: 'apt-get', install: fromApt },
  { command: 'dnf', install: () => asRoot('dnf', ['install', '-y', 'nats-server']) },
  { command: 'apk', install: () => asRoot('apk', ['add', 'nats-server']) },
  { command: 'brew', install: () => quietly('brew', ['install', 'nats-server']) },
];

/**
 * The path of a nats-server binary: `NATS_SERVER_BIN`, one on the PATH, or one fetched from the system's package
 * manager. Throws a SetupError when there is none to be had.
 *
 * @returns {string}
 */
export function ensureNatsServer() {
  const named = process.env.NATS_SERVER_BIN;
  if (named) {
    if (isExecutable(named)) return resolve(named);
    throw new SetupError(`NATS_SERVER_BIN names ${named}, which is not an executable file.`);
  }
  const fetched = join(TOOLS, 'nats-server', 'usr', 'sbin', 'nats-server');
  const find = () => findOnPath('nats-server') ?? (isExecutable(fetched) ? fetched : undefined);
  const present = find();
  if (present) return present;
  const manager = PACKAGE_MANAGERS.find(({ command }) => findOnPath(command));
  if (manager) {
    say(`fetching nats-server (${manager.command})`);
    manager.install();
    const installed = find();
    if (installed) return installed;
  }
  throw new SetupError(
    'There is no nats-server here: install it (https://github.com/nats-io/nats-server/releases) so that it is on the PATH, or set NATS_SERVER_BIN to its path.',
  );
}

/** Runs `main`, and turns a SetupError into its one sentence and exit code 1. */
export async function withSetupErrors(main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    process.exitCode = 1;
  }
}
