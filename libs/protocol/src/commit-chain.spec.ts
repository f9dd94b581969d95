import { readCommitCertificate, writeCommitCertificate } from './certificate-codec';
import {
  chainHeaders,
  checkCommitCertificate,
  UNDECIDED_MAX,
  type CommitCertificate,
  type CommitChain,
} from './certificates';
import { NULL_DIGEST, portableHash } from './hash';
import { sequence, view, type Digest } from './ids';
import { forgedBlock, Forger, type Header, type Lie } from './testing/forger';
import { createSwarm, someDigest, type Named, type TestSwarm } from './testing/swarm';
import { LayoutError, Reader, Writer } from './wire';

const swarm = createSwarm({ engine: 'hotstuff' });
const plain = createSwarm();
const what = 'commit certificate';
const batch = someDigest('batch');
const parent: Named = { view: 4, digest: someDigest('parent') };

/** What a chain is made of; a block above is the null one unless its batch is said. */
interface Recipe {
  readonly view?: number;
  readonly sequence?: number;
  readonly parent?: Named;
  /** Views of the blocks above. */
  readonly above?: readonly number[];
  readonly batches?: readonly Digest[];
  readonly signers?: readonly number[];
  readonly by?: TestSwarm;
  readonly lie?: Lie;
}

/** A certificate, from the specification alone: headers linked by hand, and votes for the last. */
function forge(recipe: Recipe = {}): CommitCertificate {
  const { by = swarm, signers = [0, 1, 3], above = [6, 7], lie } = recipe;
  let header: Header = {
    view: recipe.view ?? 5,
    sequence: recipe.sequence ?? 9,
    parent: recipe.parent ?? parent,
    batch,
  };
  const decided = header;
  const chain: CommitChain['above'][number][] = [];
  for (const [index, inView] of above.entries()) {
    const own = recipe.batches?.[index] ?? NULL_DIGEST;
    const below = { view: header.view, digest: forgedBlock(header) };
    header = { view: inView, sequence: header.sequence + 1, parent: below, batch: own };
    chain.push({ view: view(inView), batch: own });
  }
  const voted = { view: header.view, sequence: header.sequence, digest: forgedBlock(header) };
  return {
    view: view(decided.view),
    sequence: sequence(decided.sequence),
    digest: batch,
    signatures: new Forger(by).votes(signers, voted, lie),
    chain: { parent: { view: view(decided.parent.view), digest: decided.parent.digest }, above: chain },
  };
}

const check = (certificate: CommitCertificate, by: TestSwarm = swarm) =>
  checkCommitCertificate(by.committee, portableHash, certificate, by.context.verifyStatement);
const reason = (...args: Parameters<typeof check>): string | undefined => check(...args)?.reason;
const unsigned = (member: number): string => `${what}: signature of member ${String(member)} does not hold`;

const good = forge();
const chainOf = ({ chain }: CommitCertificate): CommitChain => chain!;
const changed = (change: Partial<CommitChain>, certificate = good): CommitCertificate => ({
  ...certificate,
  chain: { ...chainOf(certificate), ...change },
});

describe('commit certificates of the linear engine', () => {
  const longer = forge({ above: [8, 12, 13, 14], batches: [NULL_DIGEST, someDigest('more')] });

  it.each<[what: string, certificate: CommitCertificate]>([
    ['two blocks above in consecutive views', good],
    ['of everybody', forge({ signers: [0, 1, 2, 3] })],
    ['views that leave some out, before the last three', longer],
    ['the epoch’s first block', forge({ view: 1, sequence: 1, parent: swarm.root, above: [2, 3] })],
    ['blocks above that order something', forge({ batches: [someDigest('a'), someDigest('b')] })],
    ['as many blocks as may be undecided', forge({ above: Array.from({ length: UNDECIDED_MAX }, (_, i) => 6 + i) })],
    ['the greatest height', forge({ sequence: Number.MAX_SAFE_INTEGER - 2 })],
  ])('hold: %s', (_, certificate) => expect(check(certificate)).toBeUndefined());

  it('tell their headers, each on the one below', () => {
    const headers = chainHeaders(portableHash, longer, chainOf(longer));
    expect(headers.map((header) => [header.view, header.sequence])).toEqual([
      [5, 9],
      [8, 10],
      [12, 11],
      [13, 12],
      [14, 13],
    ]);
    expect(headers[0]?.parent).toEqual(parent);
    for (const [index, below] of headers.slice(0, -1).entries())
      expect(headers[index + 1]?.parent).toEqual({ view: below.view, digest: forgedBlock(below) });
  });

  const max = Number.MAX_SAFE_INTEGER;
  const above = (...views: readonly number[]): CommitChain['above'] =>
    views.map((own) => ({ view: view(own), batch: NULL_DIGEST }));
  const rows: [what: string, certificate: CommitCertificate, reason: string][] = [
    ['no chain', { ...good, chain: undefined as never }, `${what}: it has no chain`],
    ['nothing above', forge({ above: [] }), `${what}: fewer than three blocks in a row`],
    ['one block above', forge({ above: [6] }), `${what}: fewer than three blocks in a row`],
    ['a gap below the second', forge({ above: [7, 8] }), `${what}: its last three views are not consecutive`],
    ['a gap below the third', forge({ above: [6, 8] }), `${what}: its last three views are not consecutive`],
    [
      'three in a row, and one more after a gap',
      forge({ above: [6, 7, 9] }),
      `${what}: its last three views are not consecutive`,
    ],
    ['a view twice', forge({ above: [5, 6, 7] }), `${what}: its views do not ascend`],
    ['views that descend', forge({ view: 8, above: [5, 6, 7] }), `${what}: its views do not ascend`],
    [
      'the last three in the wrong order',
      forge({ above: [4, 3] }),
      `${what}: its last three views are not consecutive`,
    ],
    ['its parent in its own view', forge({ parent: { ...parent, view: 5 } }), `${what}: its views do not ascend`],
    ['its parent in a later view', forge({ parent: { ...parent, view: 6 } }), `${what}: its views do not ascend`],
    [
      'a decided block in view 0',
      forge({ view: 0, parent: { ...parent, view: 0 }, above: [1, 2] }),
      `${what}: its views do not ascend`,
    ],
    ['sequence 0', forge({ sequence: 0 }), `${what}: sequence 0 is not above 0, where the epoch begins`],
    [
      'more blocks than may be undecided',
      forge({ above: Array.from({ length: UNDECIDED_MAX + 1 }, (_, i) => 6 + i) }),
      `${what}: 2049 blocks above, at most 2048`,
    ],
    [
      'heights that no field holds',
      { ...good, sequence: sequence(max), chain: { ...chainOf(good), above: above(6, 7) } },
      `${what}: its heights end above 2^53-1`,
    ],
    [
      'a last height that no field holds',
      { ...good, sequence: sequence(max - 1) },
      `${what}: its heights end above 2^53-1`,
    ],
    [
      'views that no field holds',
      { ...good, view: view(max), chain: { ...chainOf(good), above: above(max, max) } },
      `${what}: its last three views are not consecutive`,
    ],
    ['one signer too few', forge({ signers: [0, 3] }), `${what}: weight 2 is below the quorum of 3`],
    ['a signer twice', forge({ signers: [0, 1, 1] }), `${what}: signer 1 stands twice`],
    ['a signer that is no member', forge({ signers: [0, 1, 2, 4] }), `${what}: signer 4 is not a member`],
    ['COMMITs', forge({ lie: { code: 3 } }), unsigned(0)],
    ['votes of another epoch', forge({ lie: { epoch: 1 } }), unsigned(0)],
    ['votes under another table', forge({ lie: { tableHash: someDigest('table') } }), unsigned(0)],
    ['votes in another swarm', forge({ lie: { swarmId: someDigest('swarm') } }), unsigned(0)],
    ['votes for the block below the last', changed({ above: above(6, 7, 8) }, forge({ above: [6, 7] })), unsigned(0)],
    ['another batch', { ...good, digest: someDigest('other') }, unsigned(0)],
    ['another sequence', { ...good, sequence: sequence(10) }, unsigned(0)],
    ['another view', { ...longer, view: view(6) }, unsigned(0)],
    ['another parent', changed({ parent: { view: view(4), digest: someDigest('other') } }), unsigned(0)],
    ['its parent in another view', changed({ parent: { view: view(3), digest: parent.digest } }), unsigned(0)],
    [
      'another batch above',
      changed({ above: chainOf(good).above.with(0, { view: view(6), batch: someDigest('other') }) }),
      unsigned(0),
    ],
    [
      'another batch in the last block',
      changed({ above: chainOf(good).above.with(1, { view: view(7), batch: someDigest('other') }) }),
      unsigned(0),
    ],
    [
      'another view above',
      changed({ above: chainOf(longer).above.with(0, { view: view(9), batch: NULL_DIGEST }) }, longer),
      unsigned(0),
    ],
    ['a block left out', changed({ above: chainOf(longer).above.slice(1) }, longer), unsigned(0)],
  ];
  it.each(rows)('refused: %s', (_, certificate, expected) =>
    expect(check(certificate)).toMatchObject({ code: 'bad_certificate', reason: expected }),
  );

  it('count nothing for an isolated signer', () => {
    const by = createSwarm({ engine: 'hotstuff', isolated: [3] });
    expect(reason(forge({ by }), by)).toBe(`${what}: weight 2 is below the quorum of 3`);
    expect(reason(forge({ by, signers: [0, 1, 2, 3] }), by)).toBeUndefined();
  });

  it('are of the epoch that orders their sequence, though they may end in what the next one orders anew', () => {
    const by = createSwarm({ engine: 'hotstuff', epoch: 1, baseSequence: 8 });
    expect(reason(forge({ by }), by)).toBeUndefined();
    expect(reason(forge({ by, sequence: 8 }), by)).toBe(`${what}: sequence 8 is not above 8, where the epoch begins`);
  });

  it('have a chain, and those of PBFT have none', () => {
    expect(reason(good, plain)).toBe(`${what}: it has a chain`);
    const committed = plain.commitCertificate({ view: 5, sequence: 9, digest: batch }, [0, 1, 3]);
    expect(reason(committed, plain)).toBeUndefined();
    expect(reason({ ...committed, chain: chainOf(good) }, plain)).toBe(`${what}: it has a chain`);
    expect(reason(swarm.commitCertificate({ view: 5, sequence: 9, digest: batch }, [0, 1, 3]))).toBe(
      `${what}: it has no chain`,
    );
  });

  it.each<[what: string, certificate: CommitCertificate]>([
    ['too light', forge({ signers: [0, 3] })],
    ['too short', forge({ above: [6] })],
    ['not consecutive', forge({ above: [6, 8] })],
    ['too long', forge({ above: Array.from({ length: UNDECIDED_MAX + 1 }, (_, i) => 6 + i) })],
    ['too high', { ...good, sequence: sequence(max) }],
  ])('cost no hash and no signature check where they are %s', (_, certificate) => {
    const never = (): never => {
      throw new Error('asked');
    };
    expect(checkCommitCertificate(swarm.committee, never, certificate, never)).toBeDefined();
  });
});

describe('their bytes', () => {
  const bytesOf = (certificate: CommitCertificate): Uint8Array => {
    const writer = new Writer();
    writeCommitCertificate(writer, certificate);
    return writer.bytes();
  };
  const read = (bytes: Uint8Array): CommitCertificate => {
    const reader = new Reader(bytes);
    const certificate = readCommitCertificate(reader, swarm.limits);
    reader.end();
    return certificate;
  };

  it.each([[[6, 7]], [[8, 9, 10]], [Array.from({ length: UNDECIDED_MAX }, (_, i) => 6 + i)]])(
    'come back with blocks in views %s above',
    (above) => {
      const certificate = forge({ above });
      expect(read(bytesOf(certificate))).toEqual(certificate);
    },
  );

  it('are refused when they are cut anywhere, or longer', () => {
    const bytes = bytesOf(forge({ above: [6, 7, 8] }));
    for (let length = 0; length < bytes.length; length++)
      expect(() => read(bytes.subarray(0, length))).toThrow(LayoutError);
    expect(() => read(Uint8Array.of(...bytes, 0))).toThrow(LayoutError);
  });

  it('are refused with more blocks than may be undecided, and with a count that lies', () => {
    const long = forge({ above: Array.from({ length: UNDECIDED_MAX + 1 }, (_, i) => 6 + i) });
    expect(() => read(bytesOf(long))).toThrow('length 2049');
    const bytes = bytesOf(good);
    const countAt = bytes.length - 2 * 40 - 2;
    expect(() => read(bytes.with(countAt, 0x07).with(countAt + 1, 0xff))).toThrow('2047 items announced');
  });
});
