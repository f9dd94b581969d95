import { toBase64Url } from './bytes';
import { purposeDigest, purposeHash, type Hash } from './hash';
import { isId, type Digest, type Millis, type NodeId, type View } from './ids';
import { LayoutError, Reader, Writer } from './wire';

/** What a proposal is about. The place in the list is its wire code. */
export const CATEGORIES = [
  'general',
  'model_update',
  'strategy_change',
  'resource_allocation',
  'safety_critical',
  'configuration',
  /** Asks for a change of the member table (Spec §7); all others mean nothing to the members. */
  'system',
] as const;
/** A category of CATEGORIES. */
export type Category = (typeof CATEGORIES)[number];

/** How urgent a proposal is, from least to most. The place in the list is its wire code. */
export const PRIORITIES = ['low', 'normal', 'high', 'critical'] as const;
/** A priority of PRIORITIES. */
export type Priority = (typeof PRIORITIES)[number];

/** One proposal. Its nonce is its envelope's firstNonce plus its place in the envelope. */
export interface Request {
  /** JSON text in UTF-8. */
  readonly value: Uint8Array;
  readonly category: Category;
  readonly priority: Priority;
  /** Who proposes, in the signer's own words; '' for the signer itself. */
  readonly proposer: string;
  /** JSON object text in UTF-8; empty for none. */
  readonly metadata: Uint8Array;
  /** Log time after which it must not be executed any more. */
  readonly expiresAt: Millis;
}

/** Who signed an envelope: a client with a key of its own, or a member acting as gateway for clients without one. */
export type Signer =
  | { readonly kind: 'client'; readonly publicKey: Uint8Array }
  | {
      readonly kind: 'gateway';
      readonly nodeId: NodeId;
      /** View when it was accepted: part of the proposal id. */ readonly acceptedView: View;
    };

/** The unit of ordering: one signer, one signature, one or many requests (Spec §9). */
export interface Envelope {
  readonly signer: Signer;
  /** Nonce of the first request, u64; request i has firstNonce + i. */
  readonly firstNonce: bigint;
  readonly requests: readonly Request[];
  readonly signature: Uint8Array;
  /** Canonical bytes, signature included. */
  readonly bytes: Uint8Array;
  /** Hash of `bytes`: two envelopes that differ anywhere, in the signature too, have two ids. */
  readonly id: Digest;
  /** What `signature` covers, besides domain and swarm: hash of all fields before it. */
  readonly bodyHash: Uint8Array;
  /** Deduplication key: `c:<client id>` or `g:<node id>`. */
  readonly signerKey: string;
}

/** Upper bounds of an envelope's parts. */
export interface EnvelopeLimits {
  readonly requestsMax: number;
  readonly envelopeBytesMax: number;
}

/** Greatest size of a request's value, in bytes of JSON text. */
export const VALUE_BYTES_MAX = 64 * 1024;
/** Greatest size of a request's metadata, in bytes of JSON text. */
export const METADATA_BYTES_MAX = 8 * 1024;
const LAYOUT = 1;
const REQUEST_BYTES_MIN = 8 + 1 + 1 + 1 + 4 + 2;
const NONCE_MAX = 0xffff_ffff_ffff_ffffn;

/** Name of a client: base64url of the hash of its public key, 43 characters. */
export const clientId = (hash: Hash, publicKey: Uint8Array): string =>
  toBase64Url(purposeHash(hash, 'client', publicKey));

/** Fields of an envelope that its signature covers. */
export type EnvelopeBody = Pick<Envelope, 'signer' | 'firstNonce' | 'requests'>;

/** Canonical bytes of everything before the signature. Throws a RangeError for a field that the layout cannot hold. */
export function encodeEnvelopeBody(body: EnvelopeBody): Uint8Array {
  const writer = new Writer(512).u8(LAYOUT);
  if (body.signer.kind === 'client') writer.u8(1).short(body.signer.publicKey);
  else writer.u8(2).text(body.signer.nodeId).u64(body.signer.acceptedView);
  writer.bigU64(body.firstNonce).u16(body.requests.length);
  for (const request of body.requests) {
    writer
      .u64(request.expiresAt)
      .u8(CATEGORIES.indexOf(request.category))
      .u8(PRIORITIES.indexOf(request.priority))
      .text(request.proposer)
      .long(request.value)
      .short(request.metadata);
  }
  return writer.bytes();
}

/** What an envelope's signer signs, before the domain is put in front: the hash of the body. */
export const envelopeBodyHash = (hash: Hash, body: Uint8Array): Uint8Array => purposeHash(hash, 'envelope-body', body);

/** Puts body and signature together into an Envelope. */
export function sealEnvelope(hash: Hash, body: EnvelopeBody, bodyBytes: Uint8Array, signature: Uint8Array): Envelope {
  const bytes = new Writer(bodyBytes.length + signature.length + 2).raw(bodyBytes).short(signature).bytes();
  return {
    ...body,
    signature,
    bytes,
    id: purposeDigest(hash, 'envelope', bytes),
    bodyHash: envelopeBodyHash(hash, bodyBytes),
    signerKey: signerKey(hash, body.signer),
  };
}

/** Deduplication key of a signer. The prefix keeps a member's name from being taken for a client's. */
export const signerKey = (hash: Hash, signer: Signer): string =>
  signer.kind === 'client' ? `c:${clientId(hash, signer.publicKey)}` : `g:${signer.nodeId}`;

function readSigner(reader: Reader): Signer {
  const kind = reader.u8();
  if (kind === 1) {
    const publicKey = reader.short(600);
    if (publicKey.length < 32) throw new LayoutError('client key is too short');
    return { kind: 'client', publicKey };
  }
  if (kind !== 2) throw new LayoutError(`no signer kind ${String(kind)}`);
  const name = reader.text(63);
  if (!isId(name)) throw new LayoutError('gateway is not an id');
  return { kind: 'gateway', nodeId: name as NodeId, acceptedView: reader.u64() as View };
}

function readRequest(reader: Reader): Request {
  const expiresAt = reader.u64() as Millis;
  const category = CATEGORIES[reader.u8()];
  const priority = PRIORITIES[reader.u8()];
  if (category === undefined || priority === undefined) throw new LayoutError('no such category or priority');
  const proposer = reader.text(63);
  if (proposer !== '' && !isId(proposer)) throw new LayoutError('proposer is not an id');
  const value = reader.long(VALUE_BYTES_MAX);
  if (value.length === 0) throw new LayoutError('a request without a value');
  return { expiresAt, category, priority, proposer, value, metadata: reader.short(METADATA_BYTES_MAX) };
}

/** An envelope with that id that was read before, if it is still at hand: equal ids mean equal bytes. */
export type KnownEnvelopes = (id: Digest) => Envelope | undefined;

/**
 * Reads an envelope from exactly its bytes, or takes the known one with that id. Throws a LayoutError; says nothing about
 * its signature.
 */
export function decodeEnvelope(
  hash: Hash,
  bytes: Uint8Array,
  limits: EnvelopeLimits,
  known?: KnownEnvelopes,
): Envelope {
  if (bytes.length > limits.envelopeBytesMax) throw new LayoutError(`envelope of ${String(bytes.length)} bytes`);
  const id = purposeDigest(hash, 'envelope', bytes);
  const before = known?.(id);
  if (before !== undefined) return before;
  const reader = new Reader(bytes);
  const layout = reader.u8();
  if (layout !== LAYOUT) throw new LayoutError(`envelope layout ${String(layout)} is unknown`);
  const signer = readSigner(reader);
  const firstNonce = reader.bigU64();
  const count = reader.count(limits.requestsMax, REQUEST_BYTES_MIN);
  if (count === 0) throw new LayoutError('an envelope without requests');
  if (firstNonce + BigInt(count - 1) > NONCE_MAX) throw new LayoutError('nonces overflow');
  const requests: Request[] = [];
  for (let i = 0; i < count; i++) requests.push(readRequest(reader));
  const bodyEnd = reader.offset;
  const signature = reader.short(512);
  reader.end();
  return {
    signer,
    firstNonce,
    requests,
    signature,
    bytes,
    id,
    bodyHash: envelopeBodyHash(hash, bytes.subarray(0, bodyEnd)),
    signerKey: signerKey(hash, signer),
  };
}

/** Public name of the request at `index`: `<node>:<view>:<n>` from a gateway, `<client>:<nonce>` from a client with a key. */
export function proposalId(envelope: Pick<Envelope, 'signer' | 'firstNonce' | 'signerKey'>, index: number): string {
  const nonce = (envelope.firstNonce + BigInt(index)).toString();
  return envelope.signer.kind === 'gateway'
    ? `${envelope.signer.nodeId}:${String(envelope.signer.acceptedView)}:${nonce}`
    : `${envelope.signerKey.slice(2)}:${nonce}`;
}

/** Parts of a proposal id. */
export interface ProposalKey {
  readonly signerKey: string;
  readonly nonce: bigint;
  /** Only in a gateway's id. */
  readonly acceptedView?: View;
}

/** Reads a proposal id; undefined for text that is none. */
export function parseProposalId(text: string): ProposalKey | undefined {
  const match = /^([A-Za-z0-9_-]{1,63}):(?:(0|[1-9][0-9]{0,15}):)?(0|[1-9][0-9]{0,19})$/.exec(text);
  if (match === null) return undefined;
  const [, name = '', viewText, nonceText = ''] = match;
  const nonce = BigInt(nonceText);
  if (nonce > NONCE_MAX) return undefined;
  if (viewText === undefined) return { signerKey: `c:${name}`, nonce };
  const acceptedView = Number(viewText);
  return Number.isSafeInteger(acceptedView)
    ? { signerKey: `g:${name}`, nonce, acceptedView: acceptedView as View }
    : undefined;
}

/** Urgency of an envelope: its most urgent request's, as an index into PRIORITIES. */
export function envelopePriority(envelope: Envelope): number {
  let highest = 0;
  for (const request of envelope.requests) highest = Math.max(highest, PRIORITIES.indexOf(request.priority));
  return highest;
}
