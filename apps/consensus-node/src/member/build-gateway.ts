import { readJson } from '@concordat/client';
import { wireLimits } from '@concordat/protocol';
import {
  Gateway,
  type GatewayPorts,
  packLimits,
  type Proposals,
  type ProposalLookup,
  systemClock,
} from '@concordat/replica-host';
import { type NodeSettings } from '../config/swarm-settings';
import { type SwarmIdentity } from '../start/read-swarm';
import { type Tenure } from './tenure';

/** What a gateway is joined with. */
export interface GatewayParts {
  readonly identity: SwarmIdentity;
  readonly settings: NodeSettings;
  /** The tenure of the moment. */
  readonly tenure: () => Tenure;
  readonly proposals: Proposals;
  readonly lookup: ProposalLookup;
  /** See GatewayPorts. */
  readonly submit: GatewayPorts['submit'];
  /** See GatewayPorts. */
  readonly drawNonces: GatewayPorts['drawNonces'];
}

const PENDING_PROPOSALS_MAX = 10_000;

function isJson(bytes: Uint8Array, shape: 'value' | 'object'): boolean {
  const reading = readJson(bytes);
  if (!reading.ok || shape === 'value') return reading.ok;
  return typeof reading.value === 'object' && reading.value !== null && !Array.isArray(reading.value);
}

/** Builds this member's gateway. */
export function buildGateway(options: GatewayParts): Gateway {
  const { identity, settings, tenure, proposals, lookup, submit, drawNonces } = options;
  // What a gateway goes by is the same in all epochs.
  const { table } = identity.genesis;
  const limits = {
    ...packLimits(table, wireLimits(table).envelopeBytesMax, settings.replica.batchSize),
    nonceWindow: table.nonceWindow,
    pendingMax: PENDING_PROPOSALS_MAX,
  };
  return new Gateway(identity.nodeId, proposals, limits, {
    now: () => systemClock.now(),
    endOfTurn: (callback) => systemClock.nextTurn(callback),
    drawNonces,
    sign: (body) => tenure().signer.signEnvelope(body),
    openEnvelope: (bytes) => tenure().opener.openEnvelope(bytes),
    isJson,
    submit,
    executionOf: (envelope) => lookup.executionOf(envelope),
    state: () => tenure().replica.state(),
  });
}
