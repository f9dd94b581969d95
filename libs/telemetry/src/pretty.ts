import { type DestinationStream } from 'pino';

const NOT_REPEATED = new Set(['level', 'time', 'msg', 'pid', 'name']);

/** A line of JSON as a line for people: time, level, name, message, and the fields as JSON. */
export function prettyLine(line: string): string {
  const entry = JSON.parse(line) as Readonly<Record<string, unknown>>;
  const text = (field: string): string => (typeof entry[field] === 'string' ? entry[field] : '');
  const rest = Object.entries(entry).filter(([name]) => !NOT_REPEATED.has(name));
  const fields = rest.map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  const time = text('time').slice(11, 23);
  return `${[time, text('level').toUpperCase().padEnd(5), text('name'), text('msg'), ...fields].filter(Boolean).join(' ')}\n`;
}

/** Writes prettyLine of each line to `out`. */
export function prettyStream(out: DestinationStream): DestinationStream {
  return { write: (line) => out.write(prettyLine(line)) };
}
