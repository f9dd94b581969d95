import { asciiBytes } from './bytes';
import { digestBytes } from './hash';
import type { Digest } from './ids';
import { MESSAGE_KINDS, type Statement } from './kinds';
import { Writer } from './wire';

const STATEMENT_DOMAIN = asciiBytes('concordat/1 statement\n');
const ENVELOPE_DOMAIN = asciiBytes('concordat/1 request\n');

/** What keeps a signature from meaning anything elsewhere. */
export interface SigningDomain {
  /** Hash of the genesis. */
  readonly swarmId: Digest;
  /** Hash of the epoch's table. */
  readonly tableHash: Digest;
}

const prefixes = new WeakMap<SigningDomain, Uint8Array>();

/** The bytes before a statement, which are the same for a whole epoch. */
function prefixOf(domain: SigningDomain): Uint8Array {
  let prefix = prefixes.get(domain);
  if (prefix === undefined) {
    prefix = new Writer(96).raw(STATEMENT_DOMAIN).digest(domain.swarmId).digest(domain.tableHash).bytes();
    prefixes.set(domain, prefix);
  }
  return prefix;
}

/** Bytes that a member signs: domain, swarm, table, then the statement. 145 bytes. */
export function statementBytes(domain: SigningDomain, statement: Statement): Uint8Array {
  return new Writer(145)
    .raw(prefixOf(domain))
    .u8(MESSAGE_KINDS[statement.kind])
    .u16(statement.sender)
    .u64(statement.epoch)
    .u64(statement.view)
    .u64(statement.sequence)
    .digest(statement.digest)
    .bytes();
}

/** Bytes that an envelope's signer signs: domain, swarm, hash of the body. No table: clients need not follow epochs. */
export function envelopeSigningBytes(swarmId: Digest, bodyHash: Uint8Array): Uint8Array {
  return new Writer(84).raw(ENVELOPE_DOMAIN).raw(digestBytes(swarmId)).raw(bodyHash).bytes();
}
