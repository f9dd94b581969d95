import { API_VERBS, EVENT_KINDS, SUBJECT_KINDS, subjectsOf } from './subjects';
import { MESSAGE_KINDS, type MessageKind } from './messages';

const subjects = subjectsOf('local');

it('names every kind in its own way', () => {
  expect(SUBJECT_KINDS).toEqual([
    'pre-prepare',
    'prepare',
    'commit',
    'checkpoint',
    'view-change',
    'new-view',
    'status',
    'fetch',
    'batch',
    'decided',
    'requests',
    'epoch-change',
    'snapshot',
    'chunk',
    'proposal',
    'vote',
    'timeout',
    'sync-info',
    'stable',
  ]);
  const kinds = Object.keys(MESSAGE_KINDS) as MessageKind[];
  expect(kinds.map((kind) => subjects.consensus('n0', kind).split('.').at(-1))).toEqual(SUBJECT_KINDS);
});

const rows: [subject: string, made: string][] = [
  ['bft.local.>', subjects.all],
  ['bft.local.consensus.n0.pre-prepare', subjects.consensus('n0', 'prePrepare')],
  ['bft.local.consensus.>', subjects.allConsensus],
  ['bft.local.direct.n1.n0.view-change', subjects.direct('n1', 'n0', 'viewChange')],
  ['bft.local.direct.n1.>', subjects.allDirect('n1')],
  ['bft.local.threat.n2.equivocation', subjects.threat('n2', 'equivocation')],
  ['bft.local.threat.>', subjects.allThreats],
  ['bft.local.event.decided', subjects.event('decided')],
  ['bft.local.event.>', subjects.allEvents],
  ['bft.local.api.propose', subjects.api('propose')],
  ['bft.local.api.cluster.status.n3', subjects.api('cluster.status', 'n3')],
];
it.each(rows)('%s', (subject, made) => expect(made).toBe(subject));

it.each(['', 'a.b', '>', '*', 'a b', 'ä', 'x'.repeat(64)])('takes %j for no token anywhere', (text) => {
  const acts: (() => unknown)[] = [
    () => subjectsOf(text),
    () => subjects.consensus(text, 'commit'),
    () => subjects.direct(text, 'n0', 'commit'),
    () => subjects.direct('n0', text, 'commit'),
    () => subjects.allDirect(text),
    () => subjects.threat(text, 'kind'),
    () => subjects.threat('n0', text),
    () => subjects.api('propose', text),
  ];
  for (const act of acts) expect(act).toThrow(RangeError);
});

it('keeps verbs and events apart', () => {
  expect(new Set(API_VERBS).size).toBe(API_VERBS.length);
  expect(new Set(EVENT_KINDS).size).toBe(EVENT_KINDS.length);
  // `api.<verb>.<node>` must never be another verb's subject.
  for (const verb of API_VERBS)
    for (const other of API_VERBS) expect(verb !== other && verb.startsWith(`${other}.`)).toBe(false);
});
