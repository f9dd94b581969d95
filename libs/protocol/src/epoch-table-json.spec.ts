import { EpochTableError, type EpochTable } from './epoch-table';
import { epochTableFromJson, epochTableToJson, memberFromJson, memberToJson } from './epoch-table-json';
import { createSwarm, toyKeys } from './testing/swarm';

type Json = Record<string, unknown>;

const later = createSwarm({ n: 5, weights: [100, 90, 90, 90, 90], epoch: 3, baseSequence: 64 }).genesis.table;
const table: EpochTable = {
  ...later,
  leaderElection: 'reputation',
  members: later.members.map((member, index) => ({
    ...member,
    reputation: 1_000_000 - 123_457 * index,
    isolated: index === 2,
    capabilities: index === 0 ? ['plan', 'vote'] : [],
  })),
  operators: [toyKeys.publicKey('operator')],
};
const json = (): Json => JSON.parse(JSON.stringify(epochTableToJson(table))) as Json;
const member = (change: Json): Json => {
  const [first, ...others] = json()['members'] as Json[];
  return { members: [{ ...first, ...change }, ...others] };
};

it('comes back from its JSON as it was', () => {
  expect(epochTableFromJson(json())).toEqual(table);
  expect(JSON.stringify(epochTableToJson(epochTableFromJson(json())))).toBe(JSON.stringify(json()));
});

it('gives every reputation back', () => {
  const [first] = table.members;
  if (first === undefined) throw new Error('a table has members');
  for (let reputation = 0; reputation <= 1_000_000; reputation += 47) {
    const text = JSON.stringify(memberToJson({ ...first, reputation }));
    expect(memberFromJson(JSON.parse(text), 'members[0]').reputation).toBe(reputation);
  }
});

describe('refusals name their field', () => {
  const rows: [field: string, what: string, change: Json][] = [
    ['table.surprise', 'unknown', { surprise: 1 }],
    ['epoch', 'negative', { epoch: -1 }],
    ['epoch', 'minus zero', { epoch: -0 }],
    ['epoch', 'a fraction', { epoch: 1.5 }],
    ['epoch', 'absent', { epoch: undefined }],
    ['base_sequence', 'text', { base_sequence: '64' }],
    ['base_sequence', 'no checkpoint', { base_sequence: 63 }],
    ['base_sequence', 'not 0 in the first epoch', { epoch: 0 }],
    ['leader_election', 'unknown', { leader_election: 'lottery' }],
    ['f', 'too high', { f: 2 }],
    ['members', 'more than any table has', { members: Array.from({ length: 1025 }, () => null) }],
    ['members[0].isolated', 'absent', member({ isolated: undefined })],
    ['members[0].isolated', 'a number', member({ isolated: 1 })],
    ['members[0].reputation', 'finer than millionths', member({ reputation: 0.3000000001 })],
    ['members[0].reputation', 'above 1', member({ reputation: 1.1 })],
    ['members[0].reputation', 'text', member({ reputation: '1' })],
    ['members[0].capabilities', 'no list', member({ capabilities: 'vote' })],
    ['members[0].capabilities', 'too many', member({ capabilities: Array.from({ length: 17 }, () => 'a') })],
    ['members[0].capabilities', 'no id', member({ capabilities: ['a b'] })],
    [
      'members',
      'more isolated than f',
      { members: (json()['members'] as Json[]).map((m) => ({ ...m, isolated: true })) },
    ],
    ['operators', 'numbers', { operators: [1] }],
    ['operators[0]', 'no base64url', { operators: ['%'] }],
    ['operators', 'twice', { operators: [...(json()['operators'] as string[]), ...(json()['operators'] as string[])] }],
  ];
  it.each(rows)('%s: %s', (field, _, change) => {
    expect.assertions(1);
    try {
      epochTableFromJson({ ...json(), ...change });
    } catch (error) {
      expect(error).toMatchObject({ name: EpochTableError.name, field });
    }
  });
});
