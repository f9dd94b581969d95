import {
  BROKER_PAYLOAD_BYTES,
  checkEpochTable,
  EpochTableError,
  equalBytes,
  faultsTolerated,
  fromBase64Url,
  REPUTATION_ONE,
  wireLimits,
  type EpochTable,
  type Member,
  type NodeId,
} from '@concordat/protocol';
import type { JoinOperation, Operation, RotateOperation } from './operation';
import { isRefusal, refuse, type Refusal } from './refusal';
import { millionths, reputationAfter, weightsByReputation } from './weights';

/**
 * The table after an operation, or why the rules forbid it (Spec §7). Who asks, and whether a new key or a proof holds, is
 * judged elsewhere.
 */
export function changedTable(table: EpochTable, operation: Operation): EpochTable | Refusal {
  const changed = applied(table, operation);
  if (isRefusal(changed)) return changed;
  try {
    checkEpochTable(changed);
  } catch (error) {
    if (error instanceof EpochTableError) return refuse(error.message);
    throw error;
  }
  if (operation.kind === 'join') {
    const { messageBytesMax } = wireLimits(changed);
    if (messageBytesMax > BROKER_PAYLOAD_BYTES)
      return refuse(
        `the largest message would have ${String(messageBytesMax)} bytes, a broker carries ${String(BROKER_PAYLOAD_BYTES)}`,
      );
  }
  return changed;
}

function applied(table: EpochTable, operation: Operation): EpochTable | Refusal {
  const member = table.members.find(({ nodeId }) => nodeId === operation.node_id);
  if (operation.kind === 'join') {
    if (member !== undefined) return refuse(`${operation.node_id} is a member`);
    const taken = keyRefusal(table, operation);
    return taken ?? withMembers(table, [...table.members, joined(operation)], operation.f);
  }
  if (member === undefined) return refuse(`${operation.node_id} is no member`);
  const replaced = (change: Partial<Member>): EpochTable => ({
    ...table,
    members: table.members.map((other) => (other === member ? { ...member, ...change } : other)),
  });
  switch (operation.kind) {
    case 'leave':
      return withMembers(
        table,
        table.members.filter((other) => other !== member),
        operation.f,
      );
    case 'rotate':
      return keyRefusal(table, operation) ?? replaced({ publicKey: fromBase64Url(operation.public_key) });
    case 'reputation': {
      const score = millionths(operation.behavior_score);
      return weighted(replaced({ reputation: reputationAfter(member.reputation, score) }));
    }
    case 'isolate':
      return member.isolated ? refuse(`${member.nodeId} is isolated`) : replaced({ isolated: true });
    case 'release':
      return member.isolated ? replaced({ isolated: false }) : refuse(`${member.nodeId} is not isolated`);
  }
}

const joined = (operation: JoinOperation): Member => ({
  nodeId: operation.node_id as NodeId,
  publicKey: fromBase64Url(operation.public_key),
  weight: 1,
  reputation: operation.initial_reputation === undefined ? REPUTATION_ONE : millionths(operation.initial_reputation),
  isolated: false,
  capabilities: operation.capabilities ?? [],
});

/** A key that an operator or a member has cannot become a member's. */
function keyRefusal(table: EpochTable, operation: JoinOperation | RotateOperation): Refusal | undefined {
  const key = fromBase64Url(operation.public_key);
  if (table.operators.some((operator) => equalBytes(operator, key))) return refuse("the key is an operator's");
  const owner = table.members.find(({ publicKey }) => equalBytes(publicKey, key));
  return owner === undefined ? undefined : refuse(`the key is ${owner.nodeId}'s`);
}

function withMembers(table: EpochTable, members: readonly Member[], wanted: number | undefined): EpochTable | Refusal {
  if (members.length === 0) return refuse('the last member cannot leave');
  const f = faultsAfter(table, members.length, wanted);
  return isRefusal(f) ? f : weighted({ ...table, members, f: f.f });
}

/**
 * f when a table's members become n. What the operation says holds, if n members can tolerate it. If it says nothing, f stays
 * what it is; but where it was the most that the members could tolerate, it is so again, and never less than before: a swarm
 * gives up tolerance only when somebody says so.
 */
export function faultsAfter(
  table: EpochTable,
  n: number,
  wanted: number | undefined,
): { readonly f: number } | Refusal {
  const most = faultsTolerated(n);
  const follows = table.f === faultsTolerated(table.members.length);
  const f = wanted ?? (follows ? most : table.f);
  if (f > most) return refuse(`${String(n)} members cannot tolerate f = ${String(f)}: n >= 3f + 1`);
  if (wanted === undefined && f < table.f)
    return refuse(
      `${String(n)} members cannot tolerate f = ${String(table.f)}: the operation must say f, at most ${String(most)}`,
    );
  return { f };
}

/** Where votes are weighted, weights follow reputations whenever members, reputations or f change. */
function weighted(table: EpochTable): EpochTable {
  if (!table.weightedVoting) return table;
  const weights = weightsByReputation(
    table.members.map(({ reputation }) => reputation),
    table.f,
  );
  return { ...table, members: table.members.map((member, index) => ({ ...member, weight: weights[index] ?? 1 })) };
}
