import { writeFileSync } from 'node:fs';
import { CliError, EXIT, systemCode } from '../errors';
import { type ProposalState } from '../http-api';
import { renderFields } from '../table';

/** A proposal's fate for people. The certificate is for files: `certificateFile` says where it was written. */
export function describeProposal(state: ProposalState, certificateFile?: string): string {
  const unsaved = state.certificate === undefined ? undefined : 'save it with --cert FILE';
  const saved = state.status === 'decided' ? certificateFile : undefined;
  return renderFields([
    ['proposal', state.proposal_id],
    ['status', state.status],
    ['value', state.decided_value],
    ['view', state.view],
    ['votes', state.votes_received],
    ['duration', typeof state.duration_ms === 'number' ? `${state.duration_ms} ms` : undefined],
    ['phase', state['current_phase']],
    ['votes by phase', state['votes_by_phase']],
    ['proposer', state['proposer']],
    ['proven Byzantine', state.byzantine_detected],
    ['certificate', saved ?? unsaved],
  ]);
}

/** Writes the certificate of a decision to a file; of anything else there is none to write. Throws a CliError. */
export function writeCertificate(file: string, state: ProposalState): void {
  if (state.status !== 'decided') return;
  const { proposal_id: id, certificate } = state;
  if (certificate === undefined) {
    throw new CliError(EXIT.no, 'NO_CERTIFICATE', `${id} is decided, but the answer has no certificate.`);
  }
  try {
    writeFileSync(file, `${JSON.stringify(certificate, undefined, 2)}\n`);
  } catch (thrown) {
    const reason = systemCode(thrown) ?? 'unknown error';
    const message = `${id} is decided, but its certificate cannot be written to ${file} (${reason}).`;
    throw new CliError(EXIT.usage, 'CANNOT_WRITE', message, { cause: thrown });
  }
}
