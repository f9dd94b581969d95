import { approvalsText, type Approval, type Operation } from '@concordat/consensus';
import type { ApiVerb } from '@concordat/protocol';

/** Header that carries the approvals of a change, over HTTP and NATS alike (Spec §7.9). */
export const SIGNATURE_HEADER = 'Concordat-Signature';

/** A change of the member table as members take it. */
export interface ChangeRequest {
  /** For POST. */
  readonly path: string;
  /** For NATS. */
  readonly verb: ApiVerb;
  /** The operation without its kind, which path and verb say. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
}

/** How an operation and its approvals are handed to a member. */
export function changeRequest(operation: Operation, approvals: readonly Approval[]): ChangeRequest {
  const [room, act] =
    operation.kind === 'reputation' ? (['reputation', 'update'] as const) : (['cluster', operation.kind] as const);
  return {
    path: `/api/v1/${room}/${act}`,
    verb: `${room}.${act}` as ApiVerb,
    body: Object.fromEntries(Object.entries(operation).filter(([field]) => field !== 'kind')),
    headers: { [SIGNATURE_HEADER]: approvalsText(approvals) },
  };
}
