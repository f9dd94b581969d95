import { createHash } from 'node:crypto';
import { blockDigest, blockOf, ROOT_VIEW, rootDigest } from './block';
import { digestBytes, NULL_DIGEST, portableHash } from './hash';
import { sequence, view } from './ids';
import { someDigest } from './testing/swarm';

/** From the specification (4.1), by other means. */
function expected(purpose: string, ...parts: readonly (bigint | Uint8Array)[]): string {
  const hash = createHash('sha256').update(`concordat/1 ${purpose}\n`);
  for (const part of parts) {
    if (typeof part !== 'bigint') hash.update(part);
    else {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64BE(part);
      hash.update(bytes);
    }
  }
  return hash.digest('hex');
}

const table = someDigest('table');
const root = rootDigest(portableHash, table);

it('the root of an epoch is named by its table', () => {
  expect(root).toBe(expected('root-block', digestBytes(table)));
  expect(ROOT_VIEW).toBe(0);
});

it('a block is named by its whole header', () => {
  const header = {
    view: view(7),
    sequence: sequence(2 ** 33),
    parent: { view: view(5), digest: root },
    batch: NULL_DIGEST,
  };
  const digest = expected('block', 7n, 2n ** 33n, 5n, digestBytes(root), digestBytes(NULL_DIGEST));
  expect(blockDigest(portableHash, header)).toBe(digest);
  expect(blockOf(portableHash, header)).toEqual({ ...header, digest });
});
