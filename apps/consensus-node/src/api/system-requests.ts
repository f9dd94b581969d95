import { isRefusal, parseSystemRequest } from '@concordat/consensus';
import { unauthorised } from './approvals-header';

/** A system request without approvals changes nothing: whoever hands one in meant another address. Throws an ApiError. */
export function refuseBareSystemRequest(value: Uint8Array): void {
  const request = parseSystemRequest(value);
  if (!isRefusal(request)) return;
  throw unauthorised(
    `category system is for changes of the member table, with approvals (${request.refused}): use /api/v1/cluster/join and its like`,
  );
}
