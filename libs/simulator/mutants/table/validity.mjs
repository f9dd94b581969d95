import { attack, patch, test } from './build.mjs';

/** @import { Mutant } from '../types' */

/** Replaces a field of the signed statement by a constant of the same length. @param {string} field @param {string} constant */
const unsigned = (field, constant) => patch('protocol/statement', field, constant);

/**
 * Signatures, certificates, membership: what is checked before a message counts.
 *
 * @type {readonly Mutant[]}
 */
export const VALIDITY = [
  {
    name: 'kind-not-signed',
    section: '6',
    rule: 'A signature under one kind of message is none under another.',
    patches: [unsigned('.u8(MESSAGE_KINDS[statement.kind])', '.u8(MESSAGE_KINDS.prepare)')],
    killers: [attack('PREPAREs do not pass for COMMITs (scenario 9)')],
  },
  {
    name: 'view-not-signed',
    section: '6',
    rule: 'A signature holds in its view only.',
    patches: [unsigned('.u64(statement.view)', '.u64(0)')],
    killers: [test('protocol/certificates', 'refused: replayed over another view')],
  },
  {
    name: 'sequence-not-signed',
    section: '6',
    rule: 'A signature holds for its sequence only.',
    patches: [unsigned('.u64(statement.sequence)', '.u64(0)')],
    killers: [test('protocol/certificates', 'refused: replayed over another sequence')],
  },
  {
    name: 'swarm-not-signed',
    section: '6',
    rule: 'A signature holds in its swarm only.',
    patches: [unsigned('.digest(domain.swarmId)', '.digest(domain.tableHash)')],
    killers: [test('crypto/opener', 'refuses a signature for another swarm: bad_signature')],
  },
  {
    name: 'table-not-signed',
    section: '6',
    rule: 'A signature holds under its epoch table only.',
    patches: [unsigned('.digest(domain.tableHash)', '.digest(domain.swarmId)')],
    killers: [test('crypto/opener', 'refuses a signature under another epoch table: bad_signature')],
  },
  {
    name: 'strangers-admitted',
    section: '11',
    rule: 'Only members of the epoch are heard.',
    patches: [
      patch('protocol/validity', 'if (committee.member(statement.sender) === undefined)', 'if (committee.n === 0)'),
    ],
    killers: [test('protocol/validity', 'prepare: neither of a stranger nor of another epoch')],
  },
  {
    name: 'other-epochs-admitted',
    section: '6',
    rule: 'A message of another epoch is refused.',
    patches: [patch('protocol/validity', 'if (statement.epoch !== committee.epoch) {', 'if (statement.epoch < 0) {')],
    killers: [test('protocol/validity', 'prepare: neither of a stranger nor of another epoch')],
  },
  {
    name: 'light-certificate',
    section: '2',
    rule: 'A certificate weighs a quorum.',
    patches: [patch('protocol/certificates', 'if (weight < committee.quorumWeight) {', 'if (weight === 0) {')],
    killers: [
      attack('a decision that one member alone vouches for is none'),
      attack('a prepared certificate with no quorum enters no new view (scenario 7)'),
    ],
  },
  {
    name: 'forged-certificate',
    section: '2',
    rule: 'Every signature in a certificate is checked.',
    patches: [
      patch(
        'protocol/certificates',
        'if (!verify({ ...fields, epoch, sender }, signature)) {',
        'if (signature.length === 0) {',
      ),
    ],
    killers: [
      attack('a decision with signatures that its signers did not make is none'),
      attack('a prepared certificate with signatures that its signers did not make enters no new view (scenario 7)'),
    ],
  },
  {
    name: 'unsigned-proposal-in-certificate',
    section: '3',
    rule: 'A prepared certificate holds its leader’s signature.',
    patches: [
      patch(
        'protocol/certificates',
        'return verify(proposal, leaderSignature)\n',
        'return leaderSignature.length >= 0\n',
      ),
    ],
    killers: [test('protocol/certificates', "refused: the leader's proposal of another digest")],
  },
  {
    name: 'unsigned-request',
    section: '9',
    rule: 'Only authentic requests are decided.',
    patches: [patch('protocol/validity', 'if (!context.verifyEnvelope(envelope))', 'if (envelope.bytes.length === 0)')],
    killers: [attack('a batch that holds a request which nobody signed gets no vote')],
  },
  {
    name: 'verified-vote-vouches-for-forged-ones',
    section: '11',
    rule: 'What is remembered of a verified vote is its signature too.',
    patches: [patch('crypto/opener', '${digest} ${toHex(signature)}`', '${digest}`')],
    killers: [
      test(
        'crypto/opener-certificates',
        'vouches for nothing else: neither for another signature nor for another slot, phase or sender',
      ),
    ],
  },
  {
    name: 'gateway-signs-for-others',
    section: '9',
    rule: 'A gateway signs in its own name only.',
    patches: [
      patch(
        'crypto/opener',
        'if (publicKey === undefined || !suite.verify(publicKey, signed, envelope.signature)) return false;',
        "if (publicKey === undefined || (envelope.signer.kind === 'client' && !suite.verify(publicKey, signed, envelope.signature))) return false;",
      ),
    ],
    killers: [
      test('crypto/opener', 'refuses an envelope that another member signed than it names: inauthentic_request'),
    ],
  },
  {
    name: 'portable-certificate-unchecked',
    section: '9',
    rule: 'A portable certificate proves a quorum of COMMITs.',
    patches: [patch('client/verify-decision', "must(failed === undefined, `${signed}: ${failed?.reason ?? ''}`);", '')],
    killers: [test('client/verify-decision', 'counts weight, not members')],
  },
  {
    name: 'part-of-the-batch-swapped',
    section: '10',
    rule: 'A batch that is handed on is the certified one.',
    patches: [
      patch(
        'protocol/codec',
        'if ((batch?.digest ?? NULL_DIGEST) !== certificate.digest)',
        'if (certificate.digest.length === 0)',
      ),
    ],
    killers: [test('protocol/codec', 'decided: a batch that is not the certified one')],
  },
  {
    name: 'leader-votes-twice',
    section: '3',
    rule: 'A leader’s PRE-PREPARE is its only vote of that phase.',
    patches: [
      patch(
        'protocol/validity',
        'if (context.committee.leaderOf(message.view) === message.sender) {',
        'if (context.committee.n === 0) {',
      ),
    ],
    killers: [test('protocol/validity', 'refuses PREPARE of the leader')],
  },
];
