import { isId } from './ids';
import { MESSAGE_KINDS, type MessageKind } from './messages';

/** Verbs that a member answers by request/reply. */
export const API_VERBS = [
  'propose',
  'submit',
  'consensus',
  'why',
  'history',
  'cluster.status',
  'cluster.epochs',
  'cluster.join',
  'cluster.leave',
  'cluster.rotate',
  'cluster.isolate',
  'cluster.release',
  'reputation.update',
  'evidence',
  'health',
] as const;
/** A verb of API_VERBS. */
export type ApiVerb = (typeof API_VERBS)[number];

/** Things that whoever watches is told. */
export const EVENT_KINDS = ['decided', 'view', 'member'] as const;
/** A kind of EVENT_KINDS. */
export type EventKind = (typeof EVENT_KINDS)[number];

const token = (text: string): string => {
  if (!isId(text)) throw new RangeError(`not a subject token ([A-Za-z0-9_-]{1,63}): ${text.slice(0, 80)}`);
  return text;
};

const kebab = (kind: MessageKind): string => kind.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** NATS subjects of one swarm. Throws a RangeError for a swarm name that is no subject token. */
export function subjectsOf(swarm: string): {
  /** Broadcast of one member to all. */
  consensus(sender: string, kind: MessageKind): string;
  /** From one member to another. */
  direct(receiver: string, sender: string, kind: MessageKind): string;
  /** Everything of this swarm. */
  readonly all: string;
  /** All broadcasts. */
  readonly allConsensus: string;
  /** All that is sent to one member. */
  allDirect(receiver: string): string;
  /** Evidence of one member. */
  threat(sender: string, kind: string): string;
  readonly allThreats: string;
  event(kind: EventKind): string;
  readonly allEvents: string;
  /** Answered by any ready member, or by the named one. */
  api(verb: ApiVerb, node?: string): string;
} {
  const root = `bft.${token(swarm)}`;
  return {
    consensus: (sender, kind) => `${root}.consensus.${token(sender)}.${kebab(kind)}`,
    direct: (receiver, sender, kind) => `${root}.direct.${token(receiver)}.${token(sender)}.${kebab(kind)}`,
    all: `${root}.>`,
    allConsensus: `${root}.consensus.>`,
    allDirect: (receiver) => `${root}.direct.${token(receiver)}.>`,
    threat: (sender, kind) => `${root}.threat.${token(sender)}.${token(kind)}`,
    allThreats: `${root}.threat.>`,
    event: (kind) => `${root}.event.${kind}`,
    allEvents: `${root}.event.>`,
    api: (verb, node) => (node === undefined ? `${root}.api.${verb}` : `${root}.api.${verb}.${token(node)}`),
  };
}

/** Every kind as it stands in a subject. */
export const SUBJECT_KINDS: readonly string[] = (Object.keys(MESSAGE_KINDS) as MessageKind[]).map(kebab);
