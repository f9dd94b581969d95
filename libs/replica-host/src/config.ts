/** How the log is made durable: without blocking the event loop, or once per turn on it. Measure both on the disk at hand. */
export type GroupCommitMode = 'async' | 'sync';

/** Local settings of a host: bounds and shares. None of them matters for safety. */
export interface HostConfig {
  /** Of one member that may wait in a lane. What is beyond is dropped: the protocol sends again. */
  readonly inboxPerMemberMessagesMax: number;
  /** Of one member that may wait in a lane; a single message always fits into an empty share. */
  readonly inboxPerMemberBytesMax: number;
  /** Envelopes of this member's own gateway that may wait. */
  readonly submitsMax: number;
  /** Of envelopes of this member's own gateway that may wait. */
  readonly submitBytesMax: number;
  /** Consensus messages that are taken for each one of the client lane while both wait. */
  readonly consensusPerClient: number;
  /** Events that one turn of the event loop steps through. */
  readonly eventsPerTurnMax: number;
  /** Time after which a turn takes no further event. */
  readonly turnMs: number;
  /** Effects that may wait for the disk; beyond it no further event is taken. */
  readonly outboxEffectsMax: number;
  /** Bytes that may wait for the disk; beyond it no further event is taken. Well below what the log itself bears. */
  readonly unsyncedBytesMax: number;
  readonly groupCommit: GroupCommitMode;
  /** Decided batches on their way to one member. */
  readonly supplyPerMemberBytesMax: number;
  /** Decided batches on their way to all members together. */
  readonly supplyBytesMax: number;
  /** Envelopes whose arrival is remembered until they are decided. About 150 bytes each. */
  readonly arrivalsMax: number;
  /** Slots of each kind that the vote book remembers. */
  readonly bookSlotsMax: number;
}

/** Defaults; `docs/operating.md` says how they were chosen. */
export const DEFAULT_HOST_CONFIG: HostConfig = {
  inboxPerMemberMessagesMax: 4096,
  inboxPerMemberBytesMax: 8 * 1024 * 1024,
  submitsMax: 8192,
  submitBytesMax: 16 * 1024 * 1024,
  consensusPerClient: 8,
  eventsPerTurnMax: 256,
  turnMs: 4,
  outboxEffectsMax: 16_384,
  unsyncedBytesMax: 16 * 1024 * 1024,
  groupCommit: 'async',
  supplyPerMemberBytesMax: 512 * 1024,
  supplyBytesMax: 1024 * 1024,
  arrivalsMax: 65_536,
  bookSlotsMax: 65_536,
};
