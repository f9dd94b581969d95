import { encodeMessage, isRejection, type Rejection, type Signed } from '@concordat/protocol';
import type { Opener } from '../opener';
import { signatureSuite, type SignatureSuite } from '../signature-suite';

/** The code of a Rejection, or 'accepted'. */
export const codeOf = (result: object): Rejection['code'] | 'accepted' =>
  isRejection(result) ? result.code : 'accepted';

/** What the opener says to a message that comes over the wire. */
export const openCode = (opener: Opener, message: Signed): string => codeOf(opener.open(encodeMessage(message)));

/** A suite that counts what it is asked. */
export function counting(): { readonly suite: SignatureSuite; readonly checks: () => number } {
  let count = 0;
  const inner = signatureSuite('ed25519');
  const suite: SignatureSuite = {
    ...inner,
    verify(publicKey, message, signature) {
      count += 1;
      return inner.verify(publicKey, message, signature);
    },
  };
  return { suite, checks: () => count };
}
