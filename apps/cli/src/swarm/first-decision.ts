import { type DecisionProof } from '@concordat/client';
import { type Genesis } from '@concordat/protocol';
import { checkDecision, fetchChain } from '../decision-check';
import { CliError, EXIT } from '../errors';
import { HttpApi, type ProposalState } from '../http-api';

/** What a new swarm decides first. */
export const FIRST_VALUE = { action: 'update_strategy', parameters: { algorithm: 'advanced_planning' } };

const TIMEOUT_MS = 15_000;

/** A decision whose certificate was verified. */
export interface FirstDecision {
  readonly state: ProposalState;
  readonly proof: DecisionProof;
}

/** Has the swarm decide a first proposal, and verifies its certificate offline. Rejects with a CliError. */
export async function decideFirst(url: string, genesis: Genesis): Promise<FirstDecision> {
  const body = { value: FIRST_VALUE, category: 'strategy_change', timeout_ms: TIMEOUT_MS };
  const api = new HttpApi(url);
  const state = await api.proposeAndWait(body, TIMEOUT_MS);
  if (state.status !== 'decided') {
    throw new CliError(
      EXIT.no,
      'NOT_DECIDED',
      `the first proposal ${state.proposal_id} is ${state.status}, not decided.`,
    );
  }
  const verdict = checkDecision(state.certificate, genesis, { chain: await fetchChain(api, genesis) });
  if (verdict.holds) return { state, proof: verdict };
  const message = `the certificate of the first proposal ${state.proposal_id} does not hold: ${verdict.reason}.`;
  throw new CliError(EXIT.no, 'CERTIFICATE_REFUSED', message);
}
