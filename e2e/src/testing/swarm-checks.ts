import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  fetchEpochChain,
  verifyDecision,
  verifyEpochChain,
  type DecisionCertificate,
  type EpochChainJson,
  type VerifierPrimitives,
} from '@concordat/client';
import { nativeHash, signatureSuite } from '@concordat/crypto';
import { type Epochs } from '@concordat/protocol';
import { DataFolder } from '@concordat/storage';
import type { Acknowledgement } from './chaos-load';
import type { MemberProcess, Swarm } from './swarm';
import { until } from './until';

/** Questions that are asked of one member at a time. */
const ASKED_AT_ONCE = 4;
const PAGE = 100;

/** One decided proposal at one member. */
export interface Decided {
  readonly proposalId: string;
  readonly value: unknown;
  readonly sequence: number;
  readonly batchDigest: string;
}

/** Waits until nothing waits anywhere and all members have executed the same sequence, and gives it. */
export function settledSequence(swarm: Swarm, deadlineMs: number): Promise<number> {
  return until('all members execute the same sequence', deadlineMs, async () => {
    const all = await Promise.all(swarm.members.map(metricsOf));
    const [first] = all;
    return all.every(({ executed, waiting }) => executed === first?.executed && waiting === 0)
      ? first?.executed
      : undefined;
  });
}

async function metricsOf(member: MemberProcess): Promise<{ executed: number; waiting: number }> {
  const text = await (await fetch(`${member.url}/metrics`)).text();
  const gauge = (name: string): number => {
    const found = new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1];
    if (found === undefined) throw new Error(`no metric ${name}`);
    return Number(found);
  };
  return { executed: gauge('consensus_executed_sequence'), waiting: gauge('consensus_pool_requests') };
}

/** Waits until a member hears all others, none of them behind, and gives what it says of the swarm. */
export function wholeSwarm(member: MemberProcess, deadlineMs: number): Promise<Record<string, unknown>> {
  return until(`${member.name} sees all members well`, deadlineMs, async () => {
    const { body } = await member.get('/api/v1/cluster/status');
    return body['healthy_nodes'] === body['total_nodes'] ? body : undefined;
  });
}

/** All that a member tells of its decisions, oldest first, each with a certificate that was verified. */
export async function decidedAt(swarm: Swarm, member: MemberProcess): Promise<Decided[]> {
  const listed = await historyOf(member);
  const found: Decided[] = [];
  const { verify } = signatureSuite(swarm.genesis.table.signatureScheme);
  const primitives = { hash: nativeHash, verifySignature: verify };
  const chain = await chainOf(swarm, member, primitives);
  for (let at = 0; at < listed.length; at += ASKED_AT_ONCE) {
    const some = listed.slice(at, at + ASKED_AT_ONCE);
    const answers = await Promise.all(some.map((id) => member.get(`/api/v1/consensus/${id}`)));
    for (const [index, { body }] of answers.entries()) {
      const certificate = body['certificate'] as DecisionCertificate;
      const verdict = verifyDecision(certificate, swarm.genesis, primitives, { chain });
      if (!verdict.holds) throw new Error(`${member.name} ${String(some[index])}: ${verdict.reason}`);
      const { sequence, batch_digest: batchDigest } = certificate;
      found.push({ proposalId: verdict.proposal_id, value: body['decided_value'], sequence, batchDigest });
    }
  }
  return found;
}

/** The chain of epochs that a member tells of, page by page, verified from the genesis on. */
function chainOf(swarm: Swarm, member: MemberProcess, primitives: VerifierPrimitives): Promise<EpochChainJson> {
  const ask = async (after: number): Promise<unknown> => {
    const { status, body } = await member.get(`/api/v1/cluster/epochs?after=${String(after)}`);
    if (status !== 200) throw new Error(`epochs of ${member.name}: ${JSON.stringify(body)}`);
    return body;
  };
  return fetchEpochChain(ask, swarm.genesis, primitives);
}

/** The epochs that a member tells of, each proven from the genesis on. */
export async function epochsOf(swarm: Swarm, member: MemberProcess, primitives: VerifierPrimitives): Promise<Epochs> {
  const chain = await chainOf(swarm, member, primitives);
  const verdict = verifyEpochChain(swarm.genesis, primitives, { chain });
  if (verdict.holds) return verdict.epochs;
  throw new Error(`epochs of ${member.name}: ${verdict.reason}`);
}

/** Ids of all decided proposals, oldest first. */
async function historyOf(member: MemberProcess): Promise<string[]> {
  const ids: string[] = [];
  for (let cursor = ''; ;) {
    const { status, body } = await member.get(`/api/v1/history?limit=${String(PAGE)}${cursor}`);
    if (status !== 200) throw new Error(`history of ${member.name}: ${JSON.stringify(body)}`);
    ids.push(...(body['recent_decisions'] as { proposal_id: string }[]).map(({ proposal_id: id }) => id));
    const next = body['next_cursor'] as string | null;
    if (next === null) return ids.reverse();
    cursor = `&cursor=${next}`;
  }
}

/** Acknowledgements that a member's decisions do not bear out: missing, another value, another place. */
export function broken(acknowledged: readonly Acknowledgement[], decided: readonly Decided[]): Acknowledgement[] {
  const byId = new Map(decided.map((each) => [each.proposalId, each]));
  return acknowledged.filter(({ proposalId, sequence, value }) => {
    const found = byId.get(proposalId);
    return found?.sequence !== sequence || JSON.stringify(found.value) !== JSON.stringify(value);
  });
}

/** Values that were decided more than once. */
export function repeated(acknowledged: readonly Acknowledgement[], decided: readonly Decided[]): unknown[] {
  const times = new Map<string, number>();
  for (const { value } of decided) times.set(JSON.stringify(value), (times.get(JSON.stringify(value)) ?? 0) + 1);
  return acknowledged.map(({ value }) => JSON.stringify(value)).filter((text) => times.get(text) !== 1);
}

/** What the data folder of a member that was stopped holds. */
export interface LogOnDisk {
  readonly last: number;
  /** Digest by sequence, the ones without requests included; those in place of which it took over a state are missing. */
  readonly digests: ReadonlyMap<number, string>;
}

/** Reads a stopped member's decisions. */
export async function logOnDisk(swarm: Swarm, member: MemberProcess): Promise<LogOnDisk> {
  const folder = await DataFolder.open(join(swarm.folder, member.name, 'data'), { hash: nativeHash });
  try {
    const { decisions } = folder;
    const digests = new Map<number, string>();
    for (let next = 1; next <= decisions.lastSequence;) {
      const records = await decisions.read(next, next + PAGE - 1, Number.MAX_SAFE_INTEGER);
      for (const { sequence, certificate } of records) digests.set(sequence, certificate.digest);
      next += records.length;
      const gap = decisions.gaps.find(({ from, through }) => from <= next && next <= through);
      if (gap !== undefined) next = gap.through + 1;
      else if (records.length === 0)
        throw new Error(`${member.name} has neither sequence ${String(next)} nor a gap there`);
    }
    return { last: decisions.lastSequence, digests };
  } finally {
    await folder.close();
  }
}

/** The one log that all members hold, each all or a part of it. Throws where two of them differ, or all lack something. */
export function oneLog(logs: readonly LogOnDisk[]): string[] {
  const last = Math.max(...logs.map((log) => log.last));
  return Array.from({ length: last }, (_, index) => {
    const held = new Set(logs.flatMap(({ digests }) => digests.get(index + 1) ?? []));
    const [digest] = held;
    if (digest === undefined || held.size > 1)
      throw new Error(`sequence ${String(index + 1)} has ${String(held.size)} digests: ${[...held].join(', ')}`);
    return digest;
  });
}

/** Members whose log holds their private key. */
export function leakedKeys(swarm: Swarm): string[] {
  return swarm.members
    .filter((member) => {
      const text = readFileSync(join(swarm.folder, member.name, 'key.json'), 'utf8');
      const { private_key: secret = '' } = JSON.parse(text) as { private_key?: string };
      if (secret.length <= 20) throw new Error(`${member.name} has no private key where it is looked for`);
      return member.log().includes(secret);
    })
    .map(({ name }) => name);
}
