import { REPUTATION_ONE, type EpochTable } from './epoch-table';
import type { MemberIndex } from './ids';

/** Turns per round of a member with reputation 1; one with reputation 0 still has one: nobody is shut out for ever. */
const TURNS_MAX = 4;

/**
 * Who leads which view of an epoch, in order, over and over (Spec §5): a pure function of the table, so the same on every
 * member. `reputation` gives a member turns in proportion to its reputation and spreads them evenly over the round.
 */
export function leaderSchedule({ members, leaderElection }: EpochTable): MemberIndex[] {
  const able = members.map((member, index) => ({ ...member, index })).filter(({ isolated }) => !isolated);
  if (leaderElection === 'round-robin') return able.map(({ index }) => index as MemberIndex);
  const lanes = able.map(({ index, reputation }) => ({
    index,
    turns: 1 + Math.floor((reputation * (TURNS_MAX - 1)) / REPUTATION_ONE),
    credit: 0,
  }));
  const total = lanes.reduce((sum, { turns }) => sum + turns, 0);
  const schedule: MemberIndex[] = [];
  for (let turn = 0; turn < total; turn++) {
    for (const lane of lanes) lane.credit += lane.turns;
    // The first of equals, so that the order is the table's.
    const next = lanes.reduce((best, lane) => (lane.credit > best.credit ? lane : best));
    next.credit -= total;
    schedule.push(next.index as MemberIndex);
  }
  return schedule;
}
