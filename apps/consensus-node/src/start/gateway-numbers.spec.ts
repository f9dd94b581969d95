import { Ledger } from '@concordat/consensus';
import { nativeHash } from '@concordat/crypto';
import {
  type Authentic,
  createBatch,
  createEpochTable,
  encodeEnvelopeBody,
  Epochs,
  type Genesis,
  millis,
  nodeId,
  OUTCOMES,
  sealEnvelope,
  sequence,
  view,
  ZERO_DIGEST,
} from '@concordat/protocol';
import { firstGatewayNumber, type GatewayOfFolder } from './gateway-numbers';

const NOW = millis(1_700_000_000_000);
const keyOf = (n: number) => new Uint8Array(32).fill(n);
const members = [1, 2, 3, 4].map((n) => ({ nodeId: nodeId(`n${n}`), publicKey: keyOf(n) }));
const table = createEpochTable({ members });

const gateway = (node: string, key: number): GatewayOfFolder => ({
  genesis: { table } as Genesis,
  nodeId: nodeId(node),
  keys: { key: { scheme: 'ed25519', publicKey: keyOf(key) } as GatewayOfFolder['keys']['key'] },
});

const envelopeOf = (firstNonce: bigint, count: number): Authentic => {
  const request = {
    value: Uint8Array.of(0x31),
    category: 'general',
    priority: 'normal',
    proposer: '',
    metadata: new Uint8Array(0),
    expiresAt: millis(NOW + 1_000),
  } as const;
  const signer = { kind: 'gateway', nodeId: nodeId('n1'), acceptedView: view(0) } as const;
  const body = { signer, firstNonce, requests: Array.from({ length: count }, () => request) };
  return sealEnvelope(nativeHash, body, encodeEnvelopeBody(body), new Uint8Array(64)) as Authentic;
};

describe('the numbers of a gateway', () => {
  it('begin with 1 under the key of the genesis: it has no other folder', () => {
    expect(firstGatewayNumber(gateway('n1', 1), NOW)).toBe(1n);
  });

  it('begin above all that it used, when it lost its folder and has another key: its requests are executed', () => {
    const epochs = new Epochs(nativeHash, table);
    const judge = { verify: () => false, proves: () => false };
    const ledger = new Ledger({ hash: nativeHash, swarmId: ZERO_DIGEST, epochs, committee: epochs.newest, judge });
    const execute = (at: number, envelope: Authentic) =>
      new Set(ledger.execute(sequence(at), createBatch(nativeHash, NOW, [envelope])).outcomes);
    expect(execute(1, envelopeOf(1n, 300))).toEqual(new Set([OUTCOMES.decided]));
    const first = firstGatewayNumber(gateway('n1', 77), NOW);
    expect(execute(2, envelopeOf(first, 10))).toEqual(new Set([OUTCOMES.decided]));
  });

  it('begin so for a node that is not of the genesis: it may have been a member before', () => {
    const first = firstGatewayNumber(gateway('n5', 5), NOW);
    expect(first).toBe(1_700_000_000_000_000n);
    // Whatever it numbers in the time that it has: a million a second.
    expect(firstGatewayNumber(gateway('n5', 6), millis(NOW + 1_000))).toBe(first + 1_000_000n);
  });
});
