export { DataFolder, type DataFolderOptions } from './data-folder';
export { DecisionStore, RECENT_MAX, type DecisionStoreOptions } from './decision-store';
export { BufferFull, FolderInUse, StorageCorruption, StorageFailure, type FileOperation } from './errors';
export type { FileSystem, StorageFile } from './file-system';
export type { FoundRequest } from './find-request';
export { GatewayCounter } from './gateway-counter';
export { nodeFileSystem } from './node-file-system';
export type { DecisionStatistics } from './statistics';
export { VoteLog, type VoteLogOptions } from './vote-log';
