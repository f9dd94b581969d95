import Table from 'cli-table3';

/** A table for people: `head` over `rows`, without colours. */
export function renderTable(head: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const table = new Table({ head: [...head], style: { head: [], border: [], compact: true } });
  table.push(...rows.map((row) => row.map((cell) => cellText(cell))));
  return table.toString();
}

/** Names and values below each other, the values in one column. */
export function renderFields(fields: readonly (readonly [name: string, value: unknown])[]): string {
  const shown = fields.filter(([, value]) => value !== undefined);
  const width = Math.max(...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${cellText(value)}`).join('\n');
}

/** A value as people read it: text as it is, everything else as JSON. */
export function cellText(value: unknown): string {
  if (typeof value === 'string') return printable(value);
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) {
    return value.length === 0 ? 'none' : printable(value.join(', '));
  }
  return value === undefined || value === null ? '-' : printable(JSON.stringify(value));
}

/** What comes from others may hold sequences that steer a terminal. */
const printable = (text: string): string =>
  text.replace(/\p{Cc}/gu, (character) => JSON.stringify(character).slice(1, -1));

/** `text` in at most `length` characters. */
export const shortened = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length - 1)}…`;
