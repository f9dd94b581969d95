import type { EngineName } from '@concordat/protocol';
import { HotstuffEngine } from './hotstuff/hotstuff-engine';
import { MemberReplica, type EngineFactory, type ReplicaOptions } from './member/member-replica';
import { PbftEngine } from './pbft/pbft-engine';
import type { Replica } from './replica';

const ENGINES: Readonly<Record<EngineName, EngineFactory>> = {
  pbft: (context, checkpoints) => new PbftEngine(context, checkpoints),
  hotstuff: (context) => new HotstuffEngine(context),
};

/** A member that runs the engine which its epoch's table names. */
export const createReplica = (options: ReplicaOptions): Replica =>
  new MemberReplica(options, ENGINES[options.committee.table.engine]);
