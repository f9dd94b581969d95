import type { QuorumCertificate, TimeoutCertificate, TimeoutSignature, ViewProof } from './linear-certificates';
import { NULL_DIGEST, portableHash } from './hash';
import { memberIndex, sequence, view } from './ids';
import type { Proposal, Timeout } from './messages';
import {
  checkProposal,
  checkQuorumCertificate,
  checkTimeout,
  checkTimeoutCertificate,
  checkViewProof,
  rootOf,
  timeoutDigest,
} from './quorum-certificates';
import { forgedTimeout, Forger, type Lie } from './testing/forger';
import { createSwarm, someDigest, type Named, type Slot, type TestSwarm } from './testing/swarm';

const swarm = createSwarm({ engine: 'hotstuff' });
const isolating = createSwarm({ engine: 'hotstuff', isolated: [3] });
const later = createSwarm({ engine: 'hotstuff', epoch: 1, baseSequence: 16 });
const forger = new Forger(swarm);
const { root } = swarm;
const block = { view: 5, sequence: 9, digest: someDigest('block') };
const other = { ...block, digest: someDigest('other') };

/** What the forger's signatures say that the certificate does not. */
const lies: [what: string, lie: Lie][] = [
  ['a COMMIT', { code: 3 }],
  ['a proposal', { code: 15 }],
  ['another epoch', { epoch: 1 }],
  ['another table', { tableHash: someDigest('table') }],
  ['another swarm', { swarmId: someDigest('swarm') }],
  ['the key of another member', { key: 1 }],
];

const certificate = (
  { view: inView, sequence: height, digest }: Slot,
  signatures: QuorumCertificate['signatures'],
) => ({
  view: view(inView),
  sequence: sequence(height),
  digest,
  signatures,
});

describe('quorum certificates', () => {
  const what = 'quorum certificate';
  const check = (signatures: QuorumCertificate['signatures'], slot: Slot = block, by: TestSwarm = swarm) =>
    checkQuorumCertificate(by.committee, certificate(slot, signatures), by.context.verifyStatement);
  const reason = (...args: Parameters<typeof check>): string | undefined => check(...args)?.reason;

  it.each([[[0, 1, 2]], [[0, 2, 3]], [[1, 2, 3]], [[0, 1, 2, 3]]])('hold with the quorum %s', (senders) =>
    expect(check(forger.votes(senders, block))).toBeUndefined(),
  );

  const rows: [what: string, signatures: QuorumCertificate['signatures'], reason: string][] = [
    ['a signer twice', forger.votes([0, 2, 2], block), `${what}: signer 2 stands twice`],
    ['a signer twice beyond a quorum', forger.votes([0, 1, 2, 2], block), `${what}: signer 2 stands twice`],
    ['a signer that is no member', forger.votes([0, 1, 2, 4], block), `${what}: signer 4 is not a member`],
    ['one too few', forger.votes([1, 3], block), `${what}: weight 2 is below the quorum of 3`],
    ['nobody', [], `${what}: weight 0 is below the quorum of 3`],
    ...lies.map(([name, lie]): [string, QuorumCertificate['signatures'], string] => [
      `signatures of ${name}`,
      forger.votes([0, 2, 3], block, lie),
      `${what}: signature of member 0 does not hold`,
    ]),
    [
      'one vote for another block beyond a quorum',
      [...forger.votes([0, 1, 2], block), forger.vote(3, other)],
      `${what}: signature of member 3 does not hold`,
    ],
    [
      'one vote in another view',
      [...forger.votes([0, 1], block), forger.vote(2, { ...block, view: 6 })],
      `${what}: signature of member 2 does not hold`,
    ],
    [
      'one vote at another height',
      [forger.vote(0, { ...block, sequence: 10 }), ...forger.votes([1, 2], block)],
      `${what}: signature of member 0 does not hold`,
    ],
    [
      'an empty signature',
      [...forger.votes([0, 1], block), { sender: memberIndex(3), signature: new Uint8Array(0) }],
      `${what}: signature of member 3 does not hold`,
    ],
  ];
  it.each(rows)('refused: %s', (_, signatures, expected) =>
    expect(check(signatures)).toMatchObject({ code: 'bad_certificate', reason: expected }),
  );

  it('count nothing for an isolated signer, but hold beside it', () => {
    const by = new Forger(isolating);
    expect(reason(by.votes([0, 1, 3], block), block, isolating)).toBe(`${what}: weight 2 is below the quorum of 3`);
    expect(reason(by.votes([0, 1, 2, 3], block), block, isolating)).toBeUndefined();
  });

  it('are for blocks above the place where the epoch begins', () => {
    const by = new Forger(later);
    const [at, above] = [16, 17].map((height) => ({ ...block, sequence: height })) as [Slot, Slot];
    expect(reason(by.votes([0, 1, 2], at), at, later)).toBe(
      `${what}: sequence 16 is not above 16, where the epoch begins`,
    );
    expect(reason(by.votes([0, 1, 2], above), above, later)).toBeUndefined();
  });
});

describe('timeout certificates', () => {
  const what = 'timeout certificate';
  const highest = { view: 5, digest: block.digest };
  const older = { view: 3, digest: someDigest('older') };
  const check = (timeouts: readonly TimeoutSignature[], by: TestSwarm = swarm) =>
    checkTimeoutCertificate(by.committee, portableHash, { view: view(7), timeouts }, by.context.verifyStatement);
  const all = (senders: readonly number[], lie: Lie = {}): TimeoutSignature[] =>
    senders.map((sender) => forger.timeout(sender, highest, { view: 7 }, lie));

  it('sign the hash of what they name', () =>
    expect(timeoutDigest(portableHash, { view: view(5), digest: block.digest })).toBe(forgedTimeout(highest)));

  it('hold for a quorum, whatever each names', () => {
    expect(check(all([0, 1, 3]))).toBeUndefined();
    const mixed = [
      forger.timeout(0, root, { view: 7 }),
      forger.timeout(2, older, { view: 7 }),
      forger.timeout(3, highest, { view: 7 }),
    ];
    expect(check(mixed)).toBeUndefined();
  });

  const rows: [what: string, timeouts: readonly TimeoutSignature[], reason: string][] = [
    ['a signer twice', all([0, 2, 2]), `${what}: signer 2 stands twice`],
    [
      'a signer twice, with different blocks',
      [...all([0, 1, 2]), forger.timeout(2, older, { view: 7 })],
      `${what}: signer 2 stands twice`,
    ],
    ['a signer that is no member', all([0, 1, 2, 4]), `${what}: signer 4 is not a member`],
    ['one too few', all([0, 3]), `${what}: weight 2 is below the quorum of 3`],
    ['nobody', [], `${what}: weight 0 is below the quorum of 3`],
    ...lies.map(([name, lie]): [string, readonly TimeoutSignature[], string] => [
      `signatures of ${name}`,
      all([0, 2, 3], lie),
      `${what}: signature of member 0 does not hold`,
    ]),
    ['votes', all([0, 2, 3], { code: 16 }), `${what}: signature of member 0 does not hold`],
    [
      'one of another view',
      [...all([0, 1]), forger.timeout(2, highest, { view: 8 })],
      `${what}: signature of member 2 does not hold`,
    ],
    [
      'one that named another block of that view',
      [...all([0, 1]), forger.timeout(2, highest, { view: 7, highest: { ...highest, digest: other.digest } })],
      `${what}: signature of member 2 does not hold`,
    ],
    [
      'one that named a newer block than it is said to',
      [...all([0, 1]), forger.timeout(2, older, { view: 7, highest })],
      `${what}: signature of member 2 does not hold`,
    ],
    [
      'one that named that block in another view',
      [...all([0, 1]), forger.timeout(2, { ...highest, view: 4 }, { view: 7, highest })],
      `${what}: signature of member 2 does not hold`,
    ],
  ];
  it.each(rows)('refused: %s', (_, timeouts, expected) =>
    expect(check(timeouts)).toMatchObject({ code: 'bad_certificate', reason: expected }),
  );

  it('count nothing for an isolated signer, but hold beside it', () => {
    const by = new Forger(isolating);
    const given = (senders: readonly number[]) => senders.map((sender) => by.timeout(sender, highest, { view: 7 }));
    expect(check(given([0, 1, 3]), isolating)?.reason).toBe(`${what}: weight 2 is below the quorum of 3`);
    expect(check(given([0, 1, 2, 3]), isolating)).toBeUndefined();
  });
});

const justifyOf = (slot: Slot, senders: readonly number[] = [0, 1, 2]): QuorumCertificate =>
  certificate(slot, forger.votes(senders, slot));
const timeoutsOf = (inView: number, ...named: readonly Named[]): TimeoutCertificate => ({
  view: view(inView),
  timeouts: named.map((highest, sender) => forger.timeout(sender, highest, { view: inView })),
});
const named: Named = { view: block.view, digest: block.digest };
const justify = justifyOf(block);
const older: Named = { view: 3, digest: someDigest('older') };
const newer: Named = { view: 6, digest: someDigest('newer') };

describe('view proofs', () => {
  const check = (inView: number, proof: Partial<ViewProof>) =>
    checkViewProof(
      swarm.committee,
      portableHash,
      view(inView),
      { justify: undefined, timeouts: undefined, ...proof },
      swarm.context.verifyStatement,
    );

  const good: [what: string, view: number, proof: Partial<ViewProof>][] = [
    ['view 1 needs nothing', 1, {}],
    ['a certificate of the view below', 6, { justify }],
    ['the view below given up', 8, { justify, timeouts: timeoutsOf(7, named, older, root) }],
    ['given up where nobody knew of the certificate', 8, { justify, timeouts: timeoutsOf(7, older, older, root) }],
    ['given up with nothing certified', 2, { timeouts: timeoutsOf(1, root, root, root) }],
    ['the last view that there is', Number.MAX_SAFE_INTEGER, { justify: justifyOf({ ...block, view: 2 ** 53 - 2 }) }],
  ];
  it.each(good)('hold: %s', (_, inView, proof) => expect(check(inView, proof)).toBeUndefined());

  const light = 'timeout certificate: weight 2 is below the quorum of 3';
  const rows: [what: string, view: number, proof: Partial<ViewProof>, code: string, reason: string][] = [
    ['view 0', 0, {}, 'malformed', 'view 0 is not above view 0 of its certificate'],
    ['the certificate’s own view', 5, { justify }, 'malformed', 'view 5 is not above view 5 of its certificate'],
    ['a view below the certificate’s', 4, { justify }, 'malformed', 'view 4 is not above view 5 of its certificate'],
    [
      'below the certificate’s, with timeouts',
      5,
      { justify, timeouts: timeoutsOf(4, root, root, root) },
      'malformed',
      'view 5 is not above view 5 of its certificate',
    ],
    ['timeouts missing', 7, { justify }, 'malformed', 'the view below has no certificate'],
    ['timeouts missing in view 2', 2, {}, 'malformed', 'the view below has no certificate'],
    [
      'timeouts that nothing needs',
      6,
      { justify, timeouts: timeoutsOf(5, named, named, named) },
      'malformed',
      'a timeout certificate that nothing needs',
    ],
    [
      'timeouts in view 1',
      1,
      { timeouts: timeoutsOf(0, root, root, root) },
      'malformed',
      'a timeout certificate that nothing needs',
    ],
    [
      'timeouts of an older view',
      8,
      { justify, timeouts: timeoutsOf(6, named, named, named) },
      'malformed',
      'the timeout certificate is of view 6, not 7',
    ],
    [
      'timeouts of the view itself',
      8,
      { justify, timeouts: timeoutsOf(8, named, named, named) },
      'malformed',
      'the timeout certificate is of view 8, not 7',
    ],
    [
      'a certificate older than one that a timeout names',
      8,
      { justify, timeouts: timeoutsOf(7, named, newer, root) },
      'bad_certificate',
      'its certificate is of view 5, a timeout names view 6',
    ],
    [
      'no certificate where a timeout names one',
      8,
      { timeouts: timeoutsOf(7, root, root, older) },
      'bad_certificate',
      'its certificate is of view 0, a timeout names view 3',
    ],
    [
      'a certificate that is too light',
      6,
      { justify: justifyOf(block, [0, 1]) },
      'bad_certificate',
      'quorum certificate: weight 2 is below the quorum of 3',
    ],
    [
      'a certificate that is too light, beside good timeouts',
      8,
      { justify: justifyOf(block, [0, 1]), timeouts: timeoutsOf(7, root, root, root) },
      'bad_certificate',
      'quorum certificate: weight 2 is below the quorum of 3',
    ],
    ['timeouts that are too light', 8, { justify, timeouts: timeoutsOf(7, root, root) }, 'bad_certificate', light],
    [
      'no timeouts',
      8,
      { justify, timeouts: { view: view(7), timeouts: [] } },
      'bad_certificate',
      light.replace('2', '0'),
    ],
  ];
  it.each(rows)('refused: %s', (_, inView, proof, code, reason) =>
    expect(check(inView, proof)).toMatchObject({ code, reason }),
  );
});

describe('proposals', () => {
  const proposal = (change: Partial<Proposal> = {}): Proposal => ({
    ...swarm.statement('proposal', 3, { view: 6, sequence: 10, digest: NULL_DIGEST }),
    kind: 'proposal',
    parent: { view: view(named.view), digest: named.digest },
    batchDigest: NULL_DIGEST,
    justify,
    timeouts: undefined,
    batch: undefined,
    ...change,
  });
  const check = (change: Partial<Proposal> = {}) =>
    checkProposal(swarm.committee, portableHash, proposal(change), swarm.context.verifyStatement);
  const first: Partial<Proposal> = { view: view(1), sequence: sequence(1), parent: root, justify: undefined };

  it('stand on the certified block, or on the epoch’s root', () => {
    expect(check()).toBeUndefined();
    expect(check(first)).toBeUndefined();
    expect(check({ view: view(8), timeouts: timeoutsOf(7, named, named, root) })).toBeUndefined();
    expect(rootOf(portableHash, later.committee)).toMatchObject({ view: 0, sequence: 16 });
  });

  const rows: [what: string, change: Partial<Proposal>, reason: string][] = [
    ['another parent', { parent: { view: view(5), digest: other.digest } }, 'the parent is not the certified block'],
    [
      'its parent in another view',
      { parent: { view: view(4), digest: block.digest } },
      'the parent is not the certified block',
    ],
    ['the root beside a certificate', { parent: root }, 'the parent is not the certified block'],
    ['a parent without a certificate', { justify: undefined }, 'the parent is not the certified block'],
    ['the root of another epoch', { ...first, parent: later.root }, 'the parent is not the certified block'],
    ['its parent’s height', { sequence: sequence(9) }, 'height 9 on a block at 9'],
    ['a height that leaves one out', { sequence: sequence(11) }, 'height 11 on a block at 9'],
    ['a first block at height 2', { ...first, sequence: sequence(2) }, 'height 2 on a block at 0'],
    ['a proof of another view', { view: view(7) }, 'the view below has no certificate'],
    [
      'a certificate that does not hold',
      { justify: { ...justify, signatures: forger.votes([0, 1, 2], other) } },
      'quorum certificate: signature of member 0 does not hold',
    ],
  ];
  it.each(rows)('refused: %s', (_, change, reason) => expect(check(change)?.reason).toBe(reason));

  it('an epoch’s first block is one above its base', () => {
    const change = { view: view(1), parent: later.root, justify: undefined };
    const at = (height: number) =>
      checkProposal(
        later.committee,
        portableHash,
        { ...proposal(change), sequence: sequence(height) },
        later.context.verifyStatement,
      )?.reason;
    expect(at(17)).toBeUndefined();
    expect(at(1)).toBe('height 1 on a block at 16');
  });
});

describe('timeouts', () => {
  const check = (change: Partial<Timeout>) =>
    checkTimeout(
      swarm.committee,
      portableHash,
      {
        ...swarm.statement('timeout', 2, { view: 8, sequence: 0, digest: NULL_DIGEST }),
        kind: 'timeout',
        highest: { view: view(named.view), digest: named.digest },
        justify,
        timeouts: timeoutsOf(7, named, older, root),
        ...change,
      },
      swarm.context.verifyStatement,
    )?.reason;

  it('name the block that their certificate is about, and prove that their view began', () => {
    expect(check({})).toBeUndefined();
    expect(check({ view: view(6), timeouts: undefined })).toBeUndefined();
    expect(check({ view: view(1), highest: root, justify: undefined, timeouts: undefined })).toBeUndefined();
  });

  const rows: [what: string, change: Partial<Timeout>, reason: string][] = [
    ['another block', { highest: { view: view(5), digest: other.digest } }, 'what it names is not the certified block'],
    [
      'that block in a newer view',
      { highest: { view: view(7), digest: block.digest } },
      'what it names is not the certified block',
    ],
    ['the root beside a certificate', { highest: root }, 'what it names is not the certified block'],
    ['a block without a certificate', { justify: undefined }, 'what it names is not the certified block'],
    ['a view that no proof leads to', { view: view(10) }, 'the timeout certificate is of view 7, not 9'],
    ['nothing for its view', { timeouts: undefined }, 'the view below has no certificate'],
    [
      'a view far ahead with nothing at all',
      { view: view(1_000), highest: root, justify: undefined, timeouts: undefined },
      'the view below has no certificate',
    ],
  ];
  it.each(rows)('refused: %s', (_, change, reason) => expect(check(change)).toBe(reason));
});
