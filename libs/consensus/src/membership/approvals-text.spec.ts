import { approvalsText, parseApprovalsText } from './approvals-text';

const approval = (byte: number, length = 64) => ({
  publicKey: new Uint8Array(32).fill(byte),
  signature: new Uint8Array(length).fill(byte + 1),
});
const key = 'AQ';

it.each([1, 2, 7])('%d approvals as one line, and back', (count) => {
  const approvals = Array.from({ length: count }, (_, index) => approval(index));
  expect(parseApprovalsText(approvalsText(approvals))).toEqual(approvals);
});

it('is read whatever space lists and parameters have around them', () => {
  const [a, b] = [approval(1), approval(2)];
  const text = approvalsText([a, b]).replace(', ', ',  ').replaceAll(';', '; ');
  expect(parseApprovalsText(` ${text} `)).toEqual([a, b]);
});

it.each([
  ['', 1],
  ['key', 1],
  [`key=${key}`, 1],
  [`signature=${key};key=${key}`, 1],
  [`key=${key};signature=${key},`, 2],
  [`key=${key};signature=${key};more=1`, 1],
  [`key=${key};signature="${key}"`, 1],
  [`key=A;signature=${key}`, 1],
  [`key=${key};signature=AR==`, 1],
  [`key=${key};signature=${key}, key=${key};signature=AB`, 2],
])('%j is refused at item %d', (text, item) =>
  expect(parseApprovalsText(text)).toEqual({
    refused: `item ${String(item)} must be key=<base64url>;signature=<base64url>`,
  }),
);

it('has at most as many items as a swarm has members', () => {
  const text = approvalsText(Array.from({ length: 1025 }, () => approval(1, 1)));
  expect(parseApprovalsText(text)).toEqual({ refused: 'must have at most 1024 items' });
});
