import { hash } from 'node:crypto';
import type { Hash } from '@concordat/protocol';
import { asPlain } from './bytes';

/** SHA-256 by OpenSSL: the same function as the core's `portableHash`, several times faster. */
export const nativeHash: Hash = (bytes) => asPlain(hash('sha256', bytes, 'buffer'));
