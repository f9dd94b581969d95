import { dirname, join, resolve } from 'node:path';
import { asciiBytes, type Hash } from '@concordat/protocol';
import { DecisionStore } from './decision-store';
import { StorageCorruption, StorageFailure } from './errors';
import { FailureLatch } from './failure-latch';
import type { FileSystem } from './file-system';
import { GatewayCounter } from './gateway-counter';
import { openLevel, type Level } from './level';
import { nodeFileSystem } from './node-file-system';
import { VoteLog, type VoteLogOptions } from './vote-log';

/** Bounds of what is in a data folder; the defaults are those of its parts. */
export interface DataFolderOptions {
  /** SHA-256, to rebuild batches. */
  readonly hash: Hash;
  readonly voteLog?: Pick<VoteLogOptions, 'segmentBytesMax' | 'pendingBytesMax'>;
  readonly decisions?: {
    readonly segmentBytesMax?: number;
    readonly indexIntervalMs?: number;
    readonly pendingEntriesMax?: number;
  };
  /** Where the gateway counter of a folder that is begun begins. Default 1. */
  readonly firstGatewayNumber?: bigint;
  /** Default: the operating system's. LevelDB uses its own. */
  readonly fileSystem?: FileSystem;
}

const BEGUN = asciiBytes('begun');
const CACHE_BYTES = 1 << 20;

/**
 * Everything that one member keeps: vote log, decisions and gateway counter, behind one lock, so that two processes never
 * sign from one folder. Backed up and moved as a whole, and only while nothing has it open.
 */
export class DataFolder {
  private constructor(
    readonly folder: string,
    readonly voteLog: VoteLog,
    readonly decisions: DecisionStore,
    readonly gatewayCounter: GatewayCounter,
    private readonly state: Level,
  ) {}

  /**
   * Opens a data folder, or makes one of mode 0700. Rejects with a FolderInUse when it is open elsewhere, with a
   * StorageCorruption when anything durable in it is damaged or missing, and with a StorageFailure.
   */
  static async open(folder: string, options: DataFolderOptions): Promise<DataFolder> {
    const { fileSystem = nodeFileSystem } = options;
    try {
      fileSystem.createFolder(folder);
      fileSystem.syncFolder(dirname(resolve(folder)));
    } catch (error) {
      throw new StorageFailure(folder, 'create', error);
    }
    const location = join(folder, 'state');
    const state = await openLevel(location, CACHE_BYTES, folder);
    const latch = new FailureLatch();
    const opened: { close(): void | Promise<void> }[] = [state];
    try {
      const mustExist = (await latch.runLater(location, 'index', () => state.get(BEGUN))) !== undefined;
      const voteLog = await VoteLog.open({ folder, fileSystem, mustExist, ...options.voteLog });
      opened.push(voteLog);
      const decisions = await DecisionStore.open({
        folder,
        fileSystem,
        mustExist,
        hash: options.hash,
        ...options.decisions,
      });
      opened.push(decisions);
      if (!mustExist && (voteLog.replayedCount > 0 || decisions.lastSequence > 0)) {
        throw new StorageCorruption(location, 0, 'it is missing, and with it the numbers that this gateway has used');
      }
      const gatewayCounter = await GatewayCounter.open(state, undefined, options.firstGatewayNumber);
      // Last: from now on, whatever is missing was lost.
      if (!mustExist) await latch.runLater(location, 'index', () => state.put(BEGUN, BEGUN, { sync: true }));
      return new DataFolder(folder, voteLog, decisions, gatewayCounter, state);
    } catch (error) {
      for (const part of opened.reverse()) await part.close();
      throw error;
    }
  }

  /**
   * Makes everything durable, closes it, and lets go of the lock last, also when something before failed: then rejects
   * with the first failure.
   */
  async close(): Promise<void> {
    const failures: unknown[] = [];
    const { voteLog, decisions, gatewayCounter, state } = this;
    const settled: { close(): void | Promise<void> } = { close: () => gatewayCounter.settle() };
    for (const part of [voteLog, decisions, settled, state]) {
      try {
        await part.close();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
