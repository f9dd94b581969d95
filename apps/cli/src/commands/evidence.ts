import { writeFileSync } from 'node:fs';
import { verifyEpochChain } from '@concordat/client';
import { fromBase64Url, type Epochs, type Genesis } from '@concordat/protocol';
import { type Command } from 'commander';
import { epochsIn, fetchChain, primitivesOf, refusedChain } from '../decision-check';
import { CliError, EXIT, messageOf, systemCode, usageError, type ExitCode } from '../errors';
import { checkEvidence, type EvidenceVerdict } from '../evidence-check';
import { DEFAULT_GENESIS, readGenesisFile } from '../genesis-file';
import { type EvidenceEntry, type HttpApi } from '../http-api';
import { readBytes, readChain } from '../input-file';
import { maxEpochAgeOption, subjectToken } from '../options';
import { apiOf, serverOption, type ServerOptions, type Session } from '../session';
import { renderFields, renderTable } from '../table';

interface EvidenceOptions extends ServerOptions {
  readonly nodeId?: string;
  readonly genesis: string;
  readonly epochs?: string;
  readonly maxEpochAge: number;
  readonly file?: string;
  readonly out?: string;
}

/** Bytes of a proof in a file: more than any swarm's messages make. */
const PROOF_BYTES_MAX = 256 * 1024 * 1024;

/** `concordat evidence [ID]`: proofs of misbehaviour, listed, fetched and checked; exit 1 when one does not hold. */
export function registerEvidence(program: Command, session: Session): void {
  program
    .command('evidence')
    .description('list the proofs that a member has on record; check one, against the genesis that you trust')
    .argument('[id]', 'one proof, as the list names it')
    .option('--node-id <id>', 'list those against this member only', subjectToken)
    .option('--out <file>', 'write the proof here, for `concordat isolate --evidence`')
    .option('--file <file>', 'check the proof in this file offline instead of asking a member')
    .option('--epochs <file>', 'chain of epochs, as `concordat epochs --out` writes it, for --file')
    .option('--genesis <file>', 'genesis of the swarm', DEFAULT_GENESIS)
    .addOption(maxEpochAgeOption())
    .addOption(serverOption())
    .action(
      session.action((id: string | undefined, options: EvidenceOptions) => {
        if (options.file !== undefined) return checkFile(options.file, id, options, session);
        const api = apiOf(options, session);
        return id === undefined ? list(api, options, session) : check(api, id, options, session);
      }),
    );
}

async function list(api: HttpApi, { nodeId, out }: EvidenceOptions, session: Session): Promise<ExitCode> {
  if (out !== undefined) throw usageError('--out writes one proof: name its id.');
  const entries = await api.evidence(nodeId);
  session.output.result(entries, () => describeList(entries));
  return EXIT.done;
}

async function check(api: HttpApi, id: string, options: EvidenceOptions, session: Session): Promise<ExitCode> {
  const genesis = readGenesisFile(options.genesis);
  const proof = fromBase64Url((await api.proof(id)).proof);
  const chain = await fetchChain(api, genesis, options.maxEpochAge);
  const verdict = checkEvidence(proof, genesis, epochsIn(chain, genesis));
  if (verdict.holds && options.out !== undefined) write(options.out, proof);
  return tell({ id, bytes: proof.length, ...verdict }, session);
}

function checkFile(file: string, id: string | undefined, options: EvidenceOptions, session: Session): ExitCode {
  if (id !== undefined) throw usageError('give either an id or --file, one of the two.');
  const genesis = readGenesisFile(options.genesis);
  const proof = readBytes(file, 'evidence', PROOF_BYTES_MAX);
  const verdict = checkEvidence(proof, genesis, epochsOf(options, genesis));
  return tell({ bytes: proof.length, ...verdict }, session);
}

function epochsOf({ epochs, maxEpochAge }: EvidenceOptions, genesis: Genesis): Epochs {
  const across = { maxEpochAge, ...(epochs === undefined ? {} : { chain: readChain(epochs) }) };
  const verdict = verifyEpochChain(genesis, primitivesOf(genesis), across);
  if (verdict.holds) return verdict.epochs;
  throw refusedChain(verdict.reason);
}

function tell(verdict: EvidenceVerdict & { readonly id?: string; readonly bytes: number }, session: Session): ExitCode {
  session.output.result(verdict, () => describeVerdict(verdict));
  return verdict.holds ? EXIT.done : EXIT.no;
}

/** The proof against a member that can isolate it longest. Rejects with a CliError when the asked member has none. */
export async function newestProof(api: HttpApi, nodeId: string): Promise<Uint8Array> {
  const [newest] = (await api.evidence(nodeId)).sort((a, b) => b.epoch - a.epoch);
  if (newest === undefined)
    throw new CliError(EXIT.no, 'NO_EVIDENCE', `${api.server} has no proof against ${nodeId} on record.`);
  return fromBase64Url((await api.proof(newest.id)).proof);
}

function write(path: string, proof: Uint8Array): void {
  try {
    writeFileSync(path, proof);
  } catch (thrown) {
    throw usageError(`${path} cannot be written (${systemCode(thrown) ?? messageOf(thrown)}).`, { cause: thrown });
  }
}

const describeList = (entries: readonly EvidenceEntry[]): string =>
  entries.length === 0
    ? 'No proof is on record.'
    : renderTable(
        ['node', 'kind', 'message', 'epoch', 'view', 'sequence', 'id'],
        entries.map((each) => [each.node_id, each.kind, each.message, each.epoch, each.view, each.sequence, each.id]),
      );

function describeVerdict(verdict: EvidenceVerdict): string {
  if (!verdict.holds) return `The proof does not hold: ${verdict.reason}.`;
  const fields = renderFields([
    ['node', verdict.node_id],
    ['kind', verdict.kind],
    ['epoch', verdict.epoch],
    ['isolates', `in epochs ${verdict.epoch} and ${verdict.epoch + 1}`],
  ]);
  return `The proof holds: its member contradicted itself.\n${fields}`;
}
