import { epochChainToJson, type EpochChainJson } from '@concordat/client';
import {
  encodeSystemRequest,
  isRefusal,
  parseOperation,
  parseSystemRequest,
  type OperationKind,
  type RequestedChange,
} from '@concordat/consensus';
import { type Epoch, isRejection, type Millis, OUTCOME_NAMES, VALUE_BYTES_MAX } from '@concordat/protocol';
import { type AcceptedProposal, type ExecutedEnvelope } from '@concordat/replica-host';
import { Inject, Injectable } from '@nestjs/common';
import { ApiError } from '@concordat/nats';
import { approvalsOf } from './approvals-header';
import { checkCapacity } from './capacity';
import { type ChangeAnswer, changeAnswer, notExecuted, type Patience, refusedChange } from './change-answers';
import { MEMBER, type MemberPort } from './member-port';
import { malformedOperation, refusalOf, translated } from './refusals';
import { type EpochsInput } from './membership-schemas';

/** How much longer than its deadline in log time a caller waits: the deadline itself is found out by ordering. */
const WAIT_SLACK_MS = 2_000;

/** Changes of the member table (Spec §7): the same for every transport. All methods throw ApiErrors for what the caller did. */
@Injectable()
export class MembershipApi {
  constructor(@Inject(MEMBER) private readonly member: MemberPort) {}

  /** The changes of epochs that this member knows, with their proofs. */
  epochs({ after, limit }: EpochsInput): EpochChainJson {
    const { epochs, swarmId } = this.member;
    return epochChainToJson(epochs, swarmId, after as Epoch, limit);
  }

  /**
   * Has a change ordered and answers with what it came to, or with `pending` when that is not known in time. `body` is the
   * operation without its kind, `header` its approvals.
   */
  async change(
    kind: OperationKind,
    body: unknown,
    header: string | undefined,
    patience: Patience,
  ): Promise<ChangeAnswer> {
    const deadline = (this.member.now() + patience.timeoutMs + WAIT_SLACK_MS) as Millis;
    const { value, nodeId } = requestOf(kind, body, header);
    checkCapacity(this.member, true);
    const accepted = await this.propose(value, patience.timeoutMs);
    const { proposalId, submission, requestIndex } = accepted;
    const executed = await this.member.proposals.executionOf(submission, deadline);
    const pending: ChangeAnswer = { status: 'pending', proposal_id: proposalId, node_id: nodeId };
    if (executed === undefined) return pending;
    const change = changeIn(executed, requestIndex);
    if (change === undefined) return pending;
    if (!change.accepted) throw refusedChange(change);
    const begun = patience.wait === 'epoch' && (await this.member.epochBegun(change.epoch, deadline));
    const status = begun || this.member.committee.epoch >= change.epoch ? 'effective' : 'accepted';
    return changeAnswer(this.member, { proposalId, sequence: executed.block.sequence, change, status });
  }

  private async propose(value: Uint8Array, timeoutMs: number): Promise<AcceptedProposal> {
    const accepted = await this.member.gateway
      .propose({
        value,
        category: 'system',
        priority: 'critical',
        proposer: '',
        metadata: new Uint8Array(0),
        timeoutMs,
      })
      .catch((thrown: unknown) => {
        throw translated(thrown);
      });
    if (isRejection(accepted)) throw refusalOf(accepted);
    return accepted;
  }
}

/** The request that is ordered, which every member can read. Throws an ApiError. */
function requestOf(
  kind: OperationKind,
  body: unknown,
  header: string | undefined,
): { readonly value: Uint8Array; readonly nodeId: string } {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw malformedOperation('body: must be a JSON object');
  if ('kind' in body) throw malformedOperation('operation.kind: is given by the address');
  const operation = parseOperation({ kind, ...body });
  if (isRefusal(operation)) throw malformedOperation(operation.refused);
  const value = encodeSystemRequest({ operation, approvals: approvalsOf(header) });
  if (value.length > VALUE_BYTES_MAX)
    throw new ApiError(
      413,
      'PAYLOAD_TOO_LARGE',
      `the change has ${value.length} bytes, at most ${VALUE_BYTES_MAX} are allowed`,
    );
  const request = parseSystemRequest(value);
  if (isRefusal(request)) throw malformedOperation(request.refused);
  return { value, nodeId: operation.node_id };
}

/** What became of a request; undefined when that was not seen here. Throws an ApiError when it was not executed. */
function changeIn({ changes = [], outcomes }: ExecutedEnvelope, requestIndex: number): RequestedChange | undefined {
  const change = changes.find(({ request }) => request === requestIndex);
  const outcome = OUTCOME_NAMES[outcomes[requestIndex] ?? -1];
  if (change === undefined && outcome !== undefined && outcome !== 'decided' && outcome !== 'invalid')
    throw notExecuted(outcome);
  return change;
}
