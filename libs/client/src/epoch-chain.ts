import {
  checkEpochChange,
  Epochs,
  EpochTableError,
  swarmId,
  type Digest,
  type EpochChange,
  type EpochTable,
  type Genesis,
} from '@concordat/protocol';
import { EPOCH_CHAIN_FORMAT, epochChainToJson, epochChangeFromJson, type EpochChainJson } from './epoch-chain-format';
import { CertificateFault, Fields } from './json-fields';
import { statementVerifier, type VerifierPrimitives } from './verifier';

/**
 * Epochs that a chain may lead beyond the trusted one, unless its reader says otherwise. Bounds work, and for how long keys that
 * are out of office are believed: whoever got hold of a quorum of an old epoch's keys can make another future for that epoch.
 */
export const EPOCH_AGE_MAX = 1024;

/** What a reader trusts, and what leads from there to other epochs. */
export interface AcrossEpochs {
  /** EpochChainJson whose first change ends the trusted epoch; without it only certificates of the trusted epoch hold. */
  readonly chain?: unknown;
  /** Table of the epoch that the reader trusts, when that is not the first one. */
  readonly trustedTable?: EpochTable;
  /** Epochs that the trusted one may be older than the newest in the chain; EPOCH_AGE_MAX when absent. */
  readonly maxEpochAge?: number;
}

/** The epochs that are trusted without any chain: one. Throws a CertificateFault. */
export function trustedEpochs(genesis: Genesis, { hash }: VerifierPrimitives, trustedTable?: EpochTable): Epochs {
  const first = new Epochs(hash, genesis.table);
  if (trustedTable === undefined) return first;
  const later = epochsOfTable(hash, trustedTable);
  if (trustedTable.signatureScheme !== genesis.table.signatureScheme)
    throw new CertificateFault(
      `the trusted table has the scheme ${trustedTable.signatureScheme}, the genesis ${genesis.table.signatureScheme}`,
    );
  if (trustedTable.epoch === genesis.table.epoch && later.newest.hash !== first.newest.hash)
    throw new CertificateFault(`the trusted table of epoch ${String(trustedTable.epoch)} is not that of the genesis`);
  return later;
}

function epochsOfTable(hash: VerifierPrimitives['hash'], table: EpochTable): Epochs {
  try {
    return new Epochs(hash, table);
  } catch (error) {
    if (error instanceof EpochTableError) throw new CertificateFault(`the trusted table: ${error.message}`);
    throw error;
  }
}

/** What checking changes needs besides the epochs that are known. */
interface Judge {
  readonly swarm: Digest;
  readonly primitives: VerifierPrimitives;
  readonly maxEpochAge: number;
}

function checkAge(epochs: Epochs, added: number, maxEpochAge: number): void {
  const age = epochs.all.length - 1 + added;
  if (age <= maxEpochAge) return;
  const trusted = String(epochs.all[0]?.epoch);
  throw new CertificateFault(
    `the trusted epoch ${trusted} is ${String(age)} epochs old, at most ${String(maxEpochAge)} may be`,
  );
}

function checkedChange(epochs: Epochs, value: unknown, at: number, { swarm, primitives }: Judge): EpochChange {
  const ended = epochs.newest;
  const path = `changes[${String(at)}]`;
  const change = epochChangeFromJson(value, ended, path);
  const failed = checkEpochChange(ended, primitives.hash, change, statementVerifier(ended, swarm, primitives));
  if (failed !== undefined) throw new CertificateFault(`${path}: ${failed.reason}`);
  return change;
}

/** Takes in a chain that begins where the known epochs end; each change is checked by the keys of the epoch that it ends. */
function extend(epochs: Epochs, chain: unknown, judge: Judge): void {
  const fields = new Fields(chain, 'epochs', ['format', 'swarm_id', 'changes']);
  if (fields.get('format') !== EPOCH_CHAIN_FORMAT)
    throw new CertificateFault(`epochs.format must be ${EPOCH_CHAIN_FORMAT}`);
  if (fields.digest('swarm_id') !== judge.swarm)
    throw new CertificateFault(`epochs.swarm_id is not that of the genesis, which is ${judge.swarm}`);
  const changes = fields.list('changes', Number.MAX_SAFE_INTEGER);
  checkAge(epochs, changes.length, judge.maxEpochAge);
  for (const [at, value] of changes.entries()) epochs.add(checkedChange(epochs, value, at, judge));
}

/** The epochs that a chain proves. Throws a CertificateFault that says what is wrong with it. */
export function provenEpochs(
  genesis: Genesis,
  primitives: VerifierPrimitives,
  { chain, trustedTable, maxEpochAge = EPOCH_AGE_MAX }: AcrossEpochs,
): Epochs {
  const epochs = trustedEpochs(genesis, primitives, trustedTable);
  if (chain !== undefined) extend(epochs, chain, { swarm: swarmId(primitives.hash, genesis), primitives, maxEpochAge });
  return epochs;
}

/** What a chain proves, or why it proves nothing. */
export type EpochChainVerdict =
  { readonly holds: true; readonly epochs: Epochs } | { readonly holds: false; readonly reason: string };

/**
 * Verifies a chain of epoch changes against what its reader trusts: pure, without network. Never throws for what a chain
 * holds; throws an EpochTableError for a genesis whose table is refused.
 */
export function verifyEpochChain(
  genesis: Genesis,
  primitives: VerifierPrimitives,
  across: AcrossEpochs,
): EpochChainVerdict {
  try {
    return { holds: true, epochs: provenEpochs(genesis, primitives, across) };
  } catch (error) {
    if (error instanceof CertificateFault) return { holds: false, reason: error.message };
    throw error;
  }
}

/** Asks somebody, who need not be trusted, for the changes after an epoch: an EpochChainJson, or a part of one. */
export type AskForChanges = (afterEpoch: number) => Promise<unknown>;

/**
 * Gathers the chain from the trusted epoch to `upTo` (to the newest, when absent), part by part, and verifies all of it. The
 * answers are bounded by `maxEpochAge`; an empty one ends it. Rejects with a CertificateFault for an answer that does not hold, and
 * when the answers end before `upTo`.
 */
export async function fetchEpochChain(
  ask: AskForChanges,
  genesis: Genesis,
  primitives: VerifierPrimitives,
  { upTo, trustedTable, maxEpochAge = EPOCH_AGE_MAX }: Omit<AcrossEpochs, 'chain'> & { readonly upTo?: number } = {},
): Promise<EpochChainJson> {
  const epochs = trustedEpochs(genesis, primitives, trustedTable);
  const from = epochs.newest.epoch;
  const judge: Judge = { swarm: swarmId(primitives.hash, genesis), primitives, maxEpochAge };
  while (upTo === undefined || epochs.newest.epoch < upTo) {
    const known = epochs.newest.epoch;
    extend(epochs, await ask(known), judge);
    if (epochs.newest.epoch === known) break;
  }
  if (upTo !== undefined && epochs.newest.epoch < upTo)
    throw new CertificateFault(`the answers end with epoch ${String(epochs.newest.epoch)}, before ${String(upTo)}`);
  return epochChainToJson(epochs, judge.swarm, from, epochs.all.length);
}
