import { type Approval, isRefusal, parseApprovalsText } from '@concordat/consensus';
import { SIGNATURE_HEADER } from '@concordat/client';
import { ApiError } from '@concordat/nats';
import { invalidFields } from './refusals';

/** 403: nobody who may ask for it has signed it. */
export const unauthorised = (message: string): ApiError => new ApiError(403, 'UNAUTHORISED', message);

/** The approvals in the header's value. Whether they hold is judged where the change is executed. Throws an ApiError. */
export function approvalsOf(header: string | undefined): Approval[] {
  if (header === undefined || header.trim() === '')
    throw unauthorised(`the header ${SIGNATURE_HEADER} is missing: an operator or a quorum of members must sign`);
  const approvals = parseApprovalsText(header);
  if (isRefusal(approvals)) throw invalidFields([{ field: SIGNATURE_HEADER, message: approvals.refused }]);
  return approvals;
}
