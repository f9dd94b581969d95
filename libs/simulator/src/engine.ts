import { createPbftReplica, type PbftOptions, type Replica } from '@concordat/consensus';

/** The production engine that the table names. */
export const createReplica = (options: PbftOptions): Replica => createPbftReplica(options);
