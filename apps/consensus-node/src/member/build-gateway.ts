import { readJson } from '@concordat/client';
import { wireLimits } from '@concordat/protocol';
import {
  Gateway,
  type GatewayPorts,
  packLimits,
  type Proposals,
  type ProposalLookup,
  type ReplicaHost,
  systemClock,
} from '@concordat/replica-host';
import { type NodeSettings } from '../config/swarm-settings';
import { type SwarmIdentity } from '../start/read-swarm';
import { type ReplicaParts } from './build-replica';

/** What a gateway is joined with. */
export interface GatewayParts {
  readonly identity: SwarmIdentity;
  readonly settings: NodeSettings;
  readonly parts: ReplicaParts;
  readonly proposals: Proposals;
  readonly lookup: ProposalLookup;
  readonly host: Pick<ReplicaHost, 'submit'>;
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
  const { identity, settings, parts, proposals, lookup, host, drawNonces } = options;
  const { table } = identity.committee;
  const limits = {
    ...packLimits(table, wireLimits(table).envelopeBytesMax, settings.replica.batchSize),
    nonceWindow: table.nonceWindow,
    pendingMax: PENDING_PROPOSALS_MAX,
  };
  return new Gateway(identity.nodeId, proposals, limits, {
    now: () => systemClock.now(),
    endOfTurn: (callback) => systemClock.nextTurn(callback),
    drawNonces,
    sign: (body) => parts.signer.signEnvelope(body),
    openEnvelope: (bytes) => parts.opener.openEnvelope(bytes),
    isJson,
    submit: (envelope) => host.submit(envelope),
    executionOf: (envelope) => lookup.executionOf(envelope),
    state: () => parts.replica.state(),
  });
}
