import { fromBase64Url, MEMBERS_MAX, toBase64Url } from '@concordat/protocol';
import { refuse, type Refusal } from './refusal';
import type { Approval } from './system-request';

const ITEM = /^key=([A-Za-z0-9_-]+);[ \t]*signature=([A-Za-z0-9_-]+)$/;

/** Approvals as one line, for a header (Spec §7.9). */
export const approvalsText = (approvals: readonly Approval[]): string =>
  approvals
    .map(({ publicKey, signature }) => `key=${toBase64Url(publicKey)};signature=${toBase64Url(signature)}`)
    .join(', ');

/** Reads what `approvalsText` wrote: one item or more, with commas between them. Says nothing about whether they hold. */
export function parseApprovalsText(text: string): Approval[] | Refusal {
  const items = text.split(',');
  if (items.length > MEMBERS_MAX) return refuse(`must have at most ${String(MEMBERS_MAX)} items`);
  const approvals: Approval[] = [];
  for (const [index, item] of items.entries()) {
    const approval = approvalOf(item.trim());
    if (approval === undefined)
      return refuse(`item ${String(index + 1)} must be key=<base64url>;signature=<base64url>`);
    approvals.push(approval);
  }
  return approvals;
}

function approvalOf(item: string): Approval | undefined {
  const [, key, signature] = ITEM.exec(item) ?? [];
  if (key === undefined || signature === undefined) return undefined;
  try {
    return { publicKey: fromBase64Url(key), signature: fromBase64Url(signature) };
  } catch {
    return undefined;
  }
}
