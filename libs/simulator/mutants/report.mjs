/** @import { Kill, Killer } from './types' */

const NAME_WIDTH = 34;
const BY_WIDTH = 78;
const REASON_MAX = 130;

/** @param {string} text @param {number} width */
const cut = (text, width) => (text.length > width ? `${text.slice(0, width - 1)}…` : text);

/** What kills, in a few words. @param {Killer} killer */
function killerText(killer) {
  if (killer.kind === 'test') return `${killer.file.split('/').at(-1)}: ${killer.title}`;
  return `seeds of ${JSON.stringify(killer.options)}`;
}

/** A row of the table: mutant, killed by, seeds, time, and below it the reason. @param {Kill} kill */
export function killRow({ mutant, killer, verdict, seeds, durationMs, reason }) {
  const used = killer.kind === 'seeds' ? `${seeds}/${killer.max} seeds` : '1 run';
  const columns = [
    mutant.name.padEnd(NAME_WIDTH),
    verdict.padEnd(8),
    cut(killerText(killer), BY_WIDTH).padEnd(BY_WIDTH),
    used.padStart(13),
    `${(durationMs / 1000).toFixed(1)} s`.padStart(7),
  ];
  return `${columns.join(' ')}\n${' '.repeat(NAME_WIDTH)} ${cut(reason, REASON_MAX)}`;
}

/** Why a mutant counts as failed. @param {Kill} kill */
export function failureText({ mutant, killer, verdict, reason }) {
  const what = verdict === 'survived' ? 'MUTANT SURVIVES' : 'MUTANT IS BROKEN';
  return `${what} ${mutant.name} (${mutant.rule}) under ${killerText(killer)}: ${reason}`;
}
