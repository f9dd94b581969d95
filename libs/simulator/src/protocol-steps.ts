import { isRejection, type EngineName, type MessageKind } from '@concordat/protocol';
import type { Append } from './append';
import type { Packet } from './packet';

/** What members of each engine's swarm do for a decision, and what a fault may hit. */
export const STEPS_OF = {
  pbft: [
    'pre-prepare',
    'prepare',
    'commit',
    'decision',
    'checkpoint',
    'view-change',
    'new-view',
    'status',
    'catch-up',
    'relay',
    'epoch-change',
    'restart',
  ],
  hotstuff: [
    'propose',
    'vote',
    'decision',
    'checkpoint',
    'timeout',
    'sync',
    'status',
    'catch-up',
    'relay',
    'epoch-change',
    'restart',
  ],
} as const satisfies Readonly<Record<EngineName, readonly string[]>>;
/** A step of some engine. */
export type ProtocolStep = (typeof STEPS_OF)[EngineName][number];
/** All of them, each once. */
export const PROTOCOL_STEPS: readonly ProtocolStep[] = [
  ...new Set<ProtocolStep>([...STEPS_OF.pbft, ...STEPS_OF.hotstuff]),
];

const STEP_OF_KIND: Readonly<Record<MessageKind, ProtocolStep>> = {
  prePrepare: 'pre-prepare',
  prepare: 'prepare',
  commit: 'commit',
  checkpoint: 'checkpoint',
  viewChange: 'view-change',
  newView: 'new-view',
  status: 'status',
  fetch: 'catch-up',
  batch: 'catch-up',
  decided: 'catch-up',
  requests: 'relay',
  epochChange: 'epoch-change',
  snapshot: 'catch-up',
  chunk: 'catch-up',
  proposal: 'propose',
  vote: 'vote',
  timeout: 'timeout',
  syncInfo: 'sync',
  stable: 'checkpoint',
};

/** The step that messages of a kind belong to. */
export const stepOfKind = (kind: MessageKind): ProtocolStep => STEP_OF_KIND[kind];

/** The step of a packet's message; undefined for bytes that are none, or that nobody has read yet. */
export const stepOfPacket = ({ frame }: Packet): ProtocolStep | undefined =>
  frame === undefined || isRejection(frame) ? undefined : stepOfKind(frame.statement.kind);

/** The step that something durable belongs to; undefined for evidence. */
export function stepOfAppend({ kept }: Append): ProtocolStep | undefined {
  switch (kept.kind) {
    case 'vote':
      return stepOfKind(kept.message.kind);
    case 'decision':
    case 'gap':
      return 'decision';
    case 'record':
      switch (kept.record.kind) {
        case 'batch':
          return 'prepare';
        case 'prepared':
          return 'commit';
        case 'newView':
          return 'new-view';
        case 'proposal':
        case 'lock':
        case 'abstention':
          return 'vote';
        case 'state':
        case 'stable':
          return 'checkpoint';
        case 'epoch':
          return 'epoch-change';
        case 'evidence':
          return undefined;
      }
  }
}
