import { OPERATION_KINDS, parseApprovalsText, parseOperation, type Operation } from '@concordat/consensus';
import { API_VERBS } from '@concordat/protocol';
import { changeRequest, SIGNATURE_HEADER } from './change-request';

const approvals = [{ publicKey: new Uint8Array(32), signature: new Uint8Array(64).fill(1) }];

it.each(OPERATION_KINDS)('%s has a path and a verb; its body and header give back what was signed', (kind) => {
  const operation = { kind, nonce: 7, node_id: 'n1', behavior_score: 1 } as Operation;
  const { path, verb, body, headers } = changeRequest(operation, approvals);
  expect(API_VERBS).toContain(verb);
  expect(path).toBe(`/api/v1/${verb.replace('.', '/')}`);
  expect({ kind, ...body }).toEqual(operation);
  expect(body).not.toHaveProperty('kind');
  expect(parseApprovalsText(headers[SIGNATURE_HEADER] ?? '')).toEqual(approvals);
});

it('what it makes of a whole operation is one', () => {
  const { body } = changeRequest({ kind: 'leave', nonce: 1, node_id: 'n1', f: 0 }, approvals);
  expect(parseOperation({ kind: 'leave', ...body })).toEqual({ kind: 'leave', nonce: 1, node_id: 'n1', f: 0 });
});
