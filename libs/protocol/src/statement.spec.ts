import * as fc from 'fast-check';
import { asciiBytes, concatBytes, fromHex, toHex } from './bytes';
import { epoch, memberIndex, sequence, view, type Digest } from './ids';
import { EVIDENCE_KINDS, MESSAGE_KINDS, type MessageKind, type Statement } from './messages';
import { envelopeSigningBytes, statementBytes, type SigningDomain } from './statement';
import { someDigest } from './testing/swarm';

fc.configureGlobal({ seed: 10, numRuns: 500 });

const kinds = Object.keys(MESSAGE_KINDS) as MessageKind[];
// Few values per field: equal fields, and values that move from one field into the next, are what could collide.
const few = fc.constantFrom(0, 1, 2, 0x0100, 0x0101);
const anyDigest: fc.Arbitrary<Digest> = fc.constantFrom('a', 'b', 'c').map(someDigest);
const anyStatement: fc.Arbitrary<Statement> = fc.record({
  kind: fc.constantFrom(...kinds),
  epoch: few.map(epoch),
  view: few.map(view),
  sequence: few.map(sequence),
  digest: anyDigest,
  sender: few.map(memberIndex),
});
const anyDomain: fc.Arbitrary<SigningDomain> = fc.record({ swarmId: anyDigest, tableHash: anyDigest });

const domain: SigningDomain = { swarmId: someDigest('swarm'), tableHash: someDigest('table') };
const statement: Statement = {
  kind: 'commit',
  epoch: epoch(1),
  view: view(2),
  sequence: sequence(3),
  digest: someDigest('batch'),
  sender: memberIndex(4),
};

it('is laid out as the specification says: 145 bytes', () => {
  const bytes = statementBytes(domain, statement);
  expect(bytes).toHaveLength(145);
  expect(toHex(bytes)).toBe(
    [
      toHex(asciiBytes('concordat/1 statement\n')),
      domain.swarmId,
      domain.tableHash,
      '03',
      '0004',
      '0000000000000001',
      '0000000000000002',
      '0000000000000003',
      statement.digest,
    ].join(''),
  );
});

it('gives two different statements or domains different bytes, and equal ones equal bytes', () => {
  let equal = 0;
  fc.assert(
    fc.property(anyDomain, anyStatement, anyDomain, anyStatement, (domainA, a, domainB, b) => {
      const same = JSON.stringify([domainA, a]) === JSON.stringify([domainB, b]);
      if (same) equal++;
      expect(toHex(statementBytes(domainA, a)) === toHex(statementBytes(domainB, b))).toBe(same);
    }),
  );
  expect(equal).toBeLessThan(100);
});

it('changes with every single field', () => {
  const others: [SigningDomain, Statement][] = [
    [domain, statement],
    [{ ...domain, swarmId: someDigest('other') }, statement],
    [{ ...domain, tableHash: someDigest('other') }, statement],
    [{ swarmId: domain.tableHash, tableHash: domain.swarmId }, statement],
    ...kinds
      .filter((kind) => kind !== 'commit')
      .map((kind): [SigningDomain, Statement] => [domain, { ...statement, kind }]),
    [domain, { ...statement, epoch: epoch(9) }],
    [domain, { ...statement, view: view(9) }],
    [domain, { ...statement, sequence: sequence(9) }],
    [domain, { ...statement, digest: someDigest('other') }],
    [domain, { ...statement, sender: memberIndex(9) }],
  ];
  expect(Object.keys(statement)).toHaveLength(6);
  expect(new Set(others.map(([at, said]) => toHex(statementBytes(at, said)))).size).toBe(others.length);
});

it('signs nothing that is not in the statement', () => {
  const more = { ...statement, signature: new Uint8Array(64), batch: 'x' };
  expect(toHex(statementBytes(domain, more))).toBe(toHex(statementBytes(domain, statement)));
});

it('gives an envelope bytes of its own, for its swarm and body', () => {
  const bodyHash = fromHex(someDigest('body'));
  const bytes = envelopeSigningBytes(domain.swarmId, bodyHash);
  expect(toHex(bytes)).toBe(toHex(concatBytes(asciiBytes('concordat/1 request\n'), fromHex(domain.swarmId), bodyHash)));
  expect(toHex(envelopeSigningBytes(someDigest('other'), bodyHash))).not.toBe(toHex(bytes));
  expect(toHex(envelopeSigningBytes(domain.swarmId, fromHex(someDigest('other'))))).not.toBe(toHex(bytes));
});

it('never lets a statement be taken for an envelope', () => {
  fc.assert(
    fc.property(anyDomain, anyStatement, anyDigest, (at, said, body) => {
      const envelope = toHex(envelopeSigningBytes(at.swarmId, fromHex(body)));
      const vote = toHex(statementBytes(at, said));
      expect(vote.startsWith(envelope) || envelope.startsWith(vote)).toBe(false);
    }),
  );
});

it('keeps the wire codes of kinds, and says which are evidence', () => {
  expect(MESSAGE_KINDS).toEqual({
    prePrepare: 1,
    prepare: 2,
    commit: 3,
    checkpoint: 4,
    viewChange: 5,
    newView: 6,
    status: 7,
    fetch: 8,
    batch: 9,
    decided: 10,
    requests: 11,
    epochChange: 12,
    snapshot: 13,
    chunk: 14,
    proposal: 15,
    vote: 16,
    timeout: 17,
    syncInfo: 18,
    stable: 19,
  });
  expect(EVIDENCE_KINDS).toEqual([...kinds.slice(0, 6), 'proposal', 'vote', 'timeout']);
});
