import { type z } from 'zod';
import {
  COMPARED,
  type ComparedSettings,
  DEFAULTS,
  LOCAL,
  type LocalSettings,
  NOT_BUILT,
  PROFILES,
  REQUIRED,
} from './settings';

/** One setting that cannot be used. */
export interface SettingProblem {
  /** As it was given: upper case in the environment, lower case in the file. */
  readonly key: string;
  readonly message: string;
}

/** Settings that cannot be used: one message that names every one of them. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';

  constructor(readonly problems: readonly SettingProblem[]) {
    super(`bad settings: ${problems.map(({ key, message }) => `${key} ${message}`).join('; ')}`);
  }
}

/** Environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Settings as they were given, and what is wrong with them as far as they tell by themselves. */
export interface LoadedSettings {
  /** Holds what parsed. Complete when `problems` is empty. */
  readonly settings: Partial<LocalSettings>;
  readonly compared: ComparedSettings;
  /** Names that were given, not taken from a profile or a default. */
  readonly given: ReadonlySet<string>;
  readonly problems: readonly SettingProblem[];
}

interface Given {
  readonly text: string;
  /** How problems name it. */
  readonly key: string;
}

const KNOWN = new Set([...Object.keys({ ...REQUIRED, ...LOCAL, ...COMPARED }), ...NOT_BUILT, 'PROFILE']);
const isTooNew = (name: string): boolean => NOT_BUILT.includes(name) || name.startsWith('REPUTATION_');

/** Reads a configuration file's text: a JSON object with the settings' names in lower snake case. */
function fromFile(text: string, path: string, problems: SettingProblem[]): Map<string, Given> {
  const found = new Map<string, Given>();
  let fields: unknown;
  try {
    fields = JSON.parse(text);
  } catch {
    fields = undefined;
  }
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
    problems.push({ key: 'CONFIG_FILE', message: `is no JSON object: ${path}` });
    return found;
  }
  for (const [name, value] of Object.entries(fields) as [string, unknown][]) {
    const upper = name.toUpperCase();
    const key = `${name} (in ${path})`;
    if (name !== name.toLowerCase() || !(KNOWN.has(upper) || isTooNew(upper)))
      problems.push({ key, message: 'is not known' });
    else if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      found.set(upper, { text: String(value), key });
    else problems.push({ key, message: 'must be text, a number, true or false' });
  }
  return found;
}

function collect(env: Environment, readFile: (path: string) => string, problems: SettingProblem[]): Map<string, Given> {
  const path = env['CONFIG_FILE'];
  let given = new Map<string, Given>();
  if (path !== undefined && path !== '') {
    try {
      given = fromFile(readFile(path), path, problems);
    } catch (error) {
      problems.push({ key: 'CONFIG_FILE', message: `cannot be read: ${(error as Error).message}` });
    }
  }
  for (const [name, text] of Object.entries(env)) {
    // Set to nothing is not set: that is how compose files pass on what is absent.
    if (text !== undefined && text !== '' && (KNOWN.has(name) || isTooNew(name))) given.set(name, { text, key: name });
  }
  return given;
}

function shown(text: string): string {
  return text === '' ? 'nothing' : JSON.stringify(text.slice(0, 80));
}

function profileOf(given: ReadonlyMap<string, Given>, problems: SettingProblem[]): Readonly<Record<string, string>> {
  const edge = given.get('EDGE_OPTIMIZED')?.text === 'true' ? PROFILES['edge'] : undefined;
  const asked = given.get('PROFILE');
  if (asked === undefined) return edge ?? {};
  const profile = Object.hasOwn(PROFILES, asked.text) ? PROFILES[asked.text] : undefined;
  if (profile === undefined) {
    const known = Object.keys(PROFILES).join(', ');
    problems.push({ key: asked.key, message: `${shown(asked.text)} is no profile: use ${known}` });
  }
  return { ...edge, ...profile };
}

/** Reads environment and file (the environment wins) and checks each setting by itself. Never throws. */
export function loadSettings(env: Environment, readFile: (path: string) => string): LoadedSettings {
  const problems: SettingProblem[] = [];
  const given = collect(env, readFile, problems);
  const profile = profileOf(given, problems);
  for (const [name, { text, key }] of given) {
    if (isTooNew(name) && text !== 'false') problems.push({ key, message: 'asks for a feature that is not built yet' });
  }
  const parsed = new Map<string, unknown>();
  const parse = (name: string, schema: z.ZodType, otherwise: string | undefined): void => {
    const { text, key } = given.get(name) ?? { text: profile[name] ?? otherwise, key: name };
    if (text === undefined) return;
    const result = schema.safeParse(text);
    if (result.success) parsed.set(name, result.data);
    else problems.push({ key, message: `${result.error.issues[0]?.message ?? 'is wrong'}, not ${shown(text)}` });
  };
  for (const [name, schema] of Object.entries(REQUIRED)) {
    if (given.has(name)) parse(name, schema, undefined);
    else problems.push({ key: name, message: 'is missing' });
  }
  for (const [name, schema] of Object.entries(LOCAL)) parse(name, schema, DEFAULTS[name as keyof typeof DEFAULTS]);
  for (const [name, schema] of Object.entries(COMPARED)) parse(name, schema, undefined);
  const settings = Object.fromEntries(parsed) as Partial<LocalSettings>;
  const compared = Object.fromEntries([...parsed].filter(([name]) => name in COMPARED)) as ComparedSettings;
  const { VIEW_CHANGE_TIMEOUT_MS: base, VIEW_CHANGE_TIMEOUT_MAX_MS: cap } = settings;
  if (base !== undefined && cap !== undefined && cap < base)
    problems.push({ key: 'VIEW_CHANGE_TIMEOUT_MAX_MS', message: `must be at least VIEW_CHANGE_TIMEOUT_MS, ${base}` });
  return { settings, compared, given: new Set(given.keys()), problems };
}
