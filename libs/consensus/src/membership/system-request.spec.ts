import * as fc from 'fast-check';
import {
  asciiBytes,
  canonicalJson,
  toBase64Url,
  toHex,
  utf8Bytes,
  utf8Text,
  VALUE_BYTES_MAX,
} from '@concordat/protocol';
import {
  approvedBy,
  isolateOf,
  joinOf,
  keyOf,
  leaveOf,
  releaseOf,
  rotateOf,
  scoreOf,
  SWARM_ID,
} from '../testing/membership';
import type { Operation } from './operation';
import { isRefusal } from './refusal';
import { encodeSystemRequest, joinProofBytes, operationBytes, parseSystemRequest } from './system-request';

fc.configureGlobal({ seed: 31, numRuns: 300 });

type Json = Record<string, unknown>;
const jsonOf = (value: Uint8Array): Json => JSON.parse(utf8Text(value)) as Json;
const written = (json: unknown): Uint8Array => utf8Bytes(JSON.stringify(json));
const verdict = (value: Uint8Array): string => {
  const read = parseSystemRequest(value);
  return isRefusal(read) ? read.refused : 'read';
};

const OPERATIONS: readonly Operation[] = [
  joinOf(1, 'n9'),
  joinOf(2, 'n9', { capabilities: ['gpu', 'plan-7'], initial_reputation: 1.5, f: 0 }),
  leaveOf(3, 'n1'),
  leaveOf(Number.MAX_SAFE_INTEGER, 'n1', 0),
  rotateOf(4, 'n2', 'n2 anew'),
  scoreOf(5, 'n3', 0.1),
  { ...scoreOf(6, 'n3', 1), reason: 'zögert — "sehr"\n\u2028😀' } as Operation,
  isolateOf(7, 'n1'),
  releaseOf(8, 'n1'),
];

describe('reading', () => {
  it.each(OPERATIONS.map((operation) => [operation.kind, operation.nonce, operation] as const))(
    '%s with nonce %d is read as it was written, with keys in any order',
    (_kind, _nonce, operation) => {
      const value = approvedBy(operation, 'root', 'n1');
      const read = parseSystemRequest(value);
      if (isRefusal(read)) throw new Error(read.refused);
      expect(read.operation).toEqual(operation);
      expect(encodeSystemRequest(read)).toEqual(value);
      const reversed = (json: unknown): unknown =>
        typeof json !== 'object' || json === null || Array.isArray(json)
          ? json
          : Object.fromEntries(
              Object.entries(json)
                .reverse()
                .map(([key, item]) => [key, reversed(item)]),
            );
      expect(parseSystemRequest(written(reversed(jsonOf(value))))).toEqual(read);
    },
  );

  const request = (change: Json): Uint8Array => written({ ...jsonOf(approvedBy(leaveOf(1, 'n1'), 'root')), ...change });
  const operation = (base: Operation, change: Json): Uint8Array => {
    const { operation: said, approvals } = jsonOf(approvedBy(base, 'root'));
    return written({ operation: { ...(said as Json), ...change }, approvals });
  };
  const without = (base: Operation, field: string): Uint8Array => operation(base, { [field]: undefined });
  const approvals = (...list: unknown[]): Uint8Array => request({ approvals: list });
  const good = { key: toBase64Url(keyOf('root')), signature: 'AAAA' };
  const join = joinOf(1, 'n9');
  const score = scoreOf(1, 'n1', 0.5);
  const leave = leaveOf(1, 'n1');
  const compact = utf8Text(approvedBy(leave, 'root'));
  const notCompact = 'request: must be JSON without white space, each key once, numbers and texts as in RFC 8785';
  const oneOf = 'operation.kind: must be one of join, leave, rotate, reputation, isolate, release';
  const safe = (field: string, min: number, max = Number.MAX_SAFE_INTEGER): string =>
    `operation.${field}: must be an integer from ${String(min)} to ${String(max)}`;
  const base64 = 'must be base64url text';

  it.each<[string, Uint8Array, string]>([
    ['nothing', new Uint8Array(0), 'request: must be JSON text in UTF-8'],
    ['no JSON', asciiBytes('{"operation":'), 'request: must be JSON text in UTF-8'],
    ['no UTF-8', Uint8Array.of(0x22, 0xc0, 0x80, 0x22), 'request: must be JSON text in UTF-8'],
    ['a byte order mark', utf8Bytes(`\ufeff${compact}`), 'request: must be JSON text in UTF-8'],
    ['NaN', asciiBytes(compact.replace('"nonce":1', '"nonce":NaN')), 'request: must be JSON text in UTF-8'],
    [
      'too many bytes',
      asciiBytes(`${compact}${' '.repeat(VALUE_BYTES_MAX)}`),
      'request: must have at most 65536 bytes',
    ],
    ['a text', written('leave'), 'request: must be an object'],
    ['a list', written([]), 'request: must be an object'],
    ['null', written(null), 'request: must be an object'],
    ['another field', request({ note: 1 }), 'request: note is not known'],
    [
      'another field __proto__',
      asciiBytes(compact.replace('{"app', '{"__proto__":1,"app')),
      'request: __proto__ is not known',
    ],
    ['a field without a name', request({ ' ': 1 }), 'request: a field is not known'],
    ['no approvals', request({ approvals: undefined }), 'request.approvals: is missing'],
    ['no operation', request({ operation: undefined }), 'request.operation: is missing'],
    ['white space', asciiBytes(`${compact}\n`), notCompact],
    ['white space inside', asciiBytes(compact.replace(':', ': ')), notCompact],
    ['a key twice', asciiBytes(compact.replace('"nonce":1', '"nonce":9,"nonce":1')), notCompact],
    ['the operation twice', asciiBytes(compact.replace('{"app', '{"operation":{},"app')), notCompact],
    ['a number in another form', asciiBytes(compact.replace('"nonce":1', '"nonce":1.0')), notCompact],
    ['an exponent', asciiBytes(compact.replace('"nonce":1', '"nonce":1e0')), notCompact],
    ['text in another form', asciiBytes(compact.replace('"n1"', String.raw`"\u006e1"`)), notCompact],
    ['an operation that is text', request({ operation: 'leave' }), oneOf],
    ['an operation that is a list', request({ operation: ['leave'] }), oneOf],
    ['no kind', without(leave, 'kind'), oneOf],
    ['an unknown kind', operation(leave, { kind: 'toString' }), oneOf],
    ['another field in the operation', operation(leave, { reason: 'x' }), 'operation: reason is not known'],
    ['a field of another kind', operation(releaseOf(1, 'n1'), { f: 1 }), 'operation: f is not known'],
    ['no node', without(leave, 'node_id'), 'operation.node_id: is missing'],
    ['no key', without(join, 'public_key'), 'operation.public_key: is missing'],
    ['no proof of possession', without(join, 'proof_of_possession'), 'operation.proof_of_possession: is missing'],
    ['no nonce', without(leave, 'nonce'), 'operation.nonce: is missing'],
    ['nonce 0', operation(leave, { nonce: 0 }), safe('nonce', 1)],
    ['nonce -1', operation(leave, { nonce: -1 }), safe('nonce', 1)],
    ['nonce 2^53', operation(leave, { nonce: 2 ** 53 }), safe('nonce', 1)],
    ['nonce 1.5', operation(leave, { nonce: 1.5 }), safe('nonce', 1)],
    ['nonce as text', operation(leave, { nonce: '1' }), safe('nonce', 1)],
    ['nonce null', operation(leave, { nonce: null }), safe('nonce', 1)],
    ['epoch -1', operation(join, { epoch: -1 }), safe('epoch', 0)],
    ['stable_sequence 0.1', operation(join, { stable_sequence: 0.1 }), safe('stable_sequence', 0)],
    ['f 1025', operation(join, { f: 1025 }), safe('f', 0, 1024)],
    ['f null', operation(join, { f: null }), safe('f', 0, 1024)],
    ['a node id with a space', operation(leave, { node_id: 'n 1' }), 'operation.node_id: must be [A-Za-z0-9_-]{1,63}'],
    ['a node id that is a number', operation(leave, { node_id: 1 }), 'operation.node_id: must be [A-Za-z0-9_-]{1,63}'],
    ['an empty key', operation(join, { public_key: '' }), `operation.public_key: ${base64} of at least one byte`],
    ['a padded key', operation(join, { public_key: 'AA==' }), `operation.public_key: ${base64} of at least one byte`],
    [
      'unused bits',
      operation(join, { proof_of_possession: 'AB' }),
      `operation.proof_of_possession: ${base64} of at least one byte`,
    ],
    [
      'a proof that is a list',
      operation(isolateOf(1, 'n1'), { proof: [1] }),
      `operation.proof: ${base64} of at least one byte`,
    ],
    [
      'a score above 1',
      operation(score, { behavior_score: 1.01 }),
      'operation.behavior_score: must be a number from 0 to 1',
    ],
    [
      'a score below 0',
      operation(score, { behavior_score: -0.01 }),
      'operation.behavior_score: must be a number from 0 to 1',
    ],
    [
      'a score as text',
      operation(score, { behavior_score: '1' }),
      'operation.behavior_score: must be a number from 0 to 1',
    ],
    ['no score', without(score, 'behavior_score'), 'operation.behavior_score: is missing'],
    [
      'an infinite reputation',
      asciiBytes(
        utf8Text(operation(join, { initial_reputation: 5 })).replace(
          '"initial_reputation":5',
          '"initial_reputation":1e999',
        ),
      ),
      'operation.initial_reputation: must be a number',
    ],
    [
      'a reputation as text',
      operation(join, { initial_reputation: '1' }),
      'operation.initial_reputation: must be a number',
    ],
    [
      'a long reason',
      operation(score, { reason: 'x'.repeat(257) }),
      'operation.reason: must be Unicode text of at most 256 characters',
    ],
    [
      'half of a surrogate pair',
      operation(score, { reason: '\ud800' }),
      'operation.reason: must be Unicode text of at most 256 characters',
    ],
    [
      'too many capabilities',
      operation(join, { capabilities: Array.from({ length: 17 }, () => 'a') }),
      'operation.capabilities: must be a list of at most 16 texts, each [A-Za-z0-9_-]{1,63}',
    ],
    [
      'a capability that is a number',
      operation(join, { capabilities: ['a', 1] }),
      'operation.capabilities: must be a list of at most 16 texts, each [A-Za-z0-9_-]{1,63}',
    ],
    ['no approval', approvals(), 'approvals: must be a list of 1 to 1024 objects'],
    ['approvals as an object', request({ approvals: { 0: good } }), 'approvals: must be a list of 1 to 1024 objects'],
    ['an approval that is text', approvals('root'), 'approvals[0]: must be an object'],
    ['an approval with more', approvals({ ...good, name: 'root' }), 'approvals[0]: name is not known'],
    ['an approval without a signature', approvals(good, { key: 'AAAA' }), 'approvals[1].signature: is missing'],
    ['a key that is no base64url', approvals({ ...good, key: 'A+AA' }), `approvals[0].key: ${base64}`],
    ['a signature that is null', approvals({ ...good, signature: null }), `approvals[0].signature: ${base64}`],
    ['one key twice', approvals(good, { ...good, signature: 'BBBB' }), 'approvals[1].key: stands twice'],
  ])('refuses %s', (_, value, reason) => expect(verdict(value)).toBe(reason));

  it('takes any bytes, and what it takes has one meaning', () => {
    const [least] = OPERATIONS.map((each) => approvedBy(each, 'root'));
    const mutated = fc
      .record({ base: fc.constantFrom(...OPERATIONS), at: fc.nat(400), byte: fc.nat(255), cut: fc.boolean() })
      .map(({ base, at, byte, cut }) => {
        const bytes = approvedBy(base, 'root', 'n0').slice();
        const place = at % bytes.length;
        bytes[place] = byte;
        return cut ? bytes.subarray(0, place) : bytes;
      });
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 60 }), fc.constant(least!)), (value) => {
        const read = parseSystemRequest(value);
        if (isRefusal(read)) expect(read.refused).not.toBe('');
        else expect(canonicalJson(JSON.parse(utf8Text(value)))).toBe(utf8Text(encodeSystemRequest(read)));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('signed bytes', () => {
  it('of an approval are domain, swarm and canonical JSON', () => {
    const bytes = operationBytes(SWARM_ID, leaveOf(7, 'n1', 0));
    expect(toHex(bytes)).toBe(
      toHex(asciiBytes('concordat/1 operation\n')) +
        SWARM_ID +
        toHex(asciiBytes('{"f":0,"kind":"leave","node_id":"n1","nonce":7}')),
    );
  });

  it('of a new key are domain, swarm, epoch, sequence, node id and key', () => {
    const { epoch, stable_sequence } = { epoch: 3, stable_sequence: 0x0102 };
    const publicKey = keyOf('n9');
    const claim = { epoch, stableSequence: stable_sequence, nodeId: 'n9', publicKey } as unknown as Parameters<
      typeof joinProofBytes
    >[1];
    expect(toHex(joinProofBytes(SWARM_ID, claim))).toBe(
      `${toHex(asciiBytes('concordat/1 join\n'))}${SWARM_ID}0000000000000003000000000000010200026e39${toHex(publicKey)}`,
    );
  });
});
