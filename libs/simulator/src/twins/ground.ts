import {
  Committee,
  createEpochTable,
  nodeId,
  purposeDigest,
  type EngineName,
  type Envelope,
  type MemberIndex,
} from '@concordat/protocol';
import { START } from '../cluster';
import { CALM } from '../options';
import { quickHash } from '../quick-hash';
import { Random } from '../random';
import type { ScheduleOptions } from '../schedule';
import { StubSignatures, stubKey } from '../stub-keys';
import { Workload } from '../workload';
import { MEMBERS } from './scenario';

/** A member's patience, with a leader and with a new one, in virtual milliseconds. A message takes one. */
const PATIENCE_MS = 20;

/** A swarm of four with no chance anywhere. */
export const TWIN_OPTIONS: ScheduleOptions = {
  ...CALM,
  settleMs: 5000,
  replica: {
    ...CALM.replica,
    phaseTimeoutMs: PATIENCE_MS,
    viewChangeTimeoutMs: PATIENCE_MS,
    viewChangeTimeoutMaxMs: PATIENCE_MS,
    statusIntervalMs: 50,
  },
};

/** What all scenarios stand on, made once: members, their table, and clients' envelopes. */
export interface Ground {
  readonly committee: Committee;
  readonly signatures: StubSignatures;
  /** The client's envelope with that number. */
  readonly envelope: (number: number) => Envelope;
}

/** Makes the ground of an engine's swarm. */
export function createGround(engine: EngineName): Ground {
  const random = new Random(1);
  const keys = Array.from({ length: MEMBERS }, () => stubKey(quickHash, random));
  const { checkpointInterval, windowSize, f, workload: clients } = TWIN_OPTIONS;
  const members = keys.map(({ publicKey }, index) => ({
    nodeId: nodeId(`node-${String(index)}`),
    publicKey,
    weight: 1,
  }));
  const committee = new Committee(createEpochTable({ engine, members, f, checkpointInterval, windowSize }), quickHash);
  const swarm = purposeDigest(quickHash, 'genesis', random.bytes(32));
  const signatures = new StubSignatures(quickHash, committee, swarm, keys);
  const workload = new Workload(quickHash, random, signatures, START, clients);
  const envelopes: Envelope[] = [];
  return {
    committee,
    signatures,
    envelope: (number) => {
      while (envelopes.length <= number) {
        const text = `request ${String(envelopes.length)}`;
        envelopes.push(workload.ofClient(0, { client: 0, text }));
      }
      const envelope = envelopes[number];
      if (envelope === undefined) throw new RangeError(`no envelope ${String(number)}`);
      return envelope;
    },
  };
}

/** The member that an instance runs as. */
export const memberOf = (instance: number, twin: number): MemberIndex =>
  (instance === MEMBERS ? twin : instance) as MemberIndex;
