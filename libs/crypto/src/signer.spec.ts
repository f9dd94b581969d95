import { envelopeSigningBytes, InvariantError, statementBytes } from '@concordat/protocol';
import { nativeHash } from './hash';
import { signatureSuite } from './signature-suite';
import { createClientSigner, createSigner } from './signer';
import { gatewayBody, request, TestSwarm } from './testing/swarm';

describe.each(['ed25519', 'rsa-pss-2048'] as const)('%s', (scheme) => {
  const swarm = new TestSwarm(scheme);
  const suite = signatureSuite(scheme);
  const domain = { swarmId: swarm.id, tableHash: swarm.committee.hash };

  it('signs a statement with the domain in front', () => {
    const statement = swarm.statement('commit', 1, { sequence: 3 });
    const signer = swarm.member(1);
    expect(signer.publicKey).toEqual(swarm.keys[1]!.publicKey);
    expect(suite.verify(signer.publicKey, statementBytes(domain, statement), signer.signStatement(statement))).toBe(
      true,
    );
  });

  it('signs envelopes in its own name only', () => {
    const envelope = swarm.member(1).signEnvelope(gatewayBody('n1', 1n, 'x'));
    const signed = envelopeSigningBytes(swarm.id, envelope.bodyHash);
    expect(suite.verify(swarm.member(1).publicKey, signed, envelope.signature)).toBe(true);
    const { publicKey } = swarm.client;
    const body = { signer: { kind: 'client', publicKey }, firstNonce: 1n, requests: [request('x')] } as const;
    expect(() => swarm.member(1).signEnvelope(body)).toThrow(InvariantError);
  });

  it('signs for a client with the key that the envelope names', () => {
    const envelope = swarm.client.signEnvelope({ firstNonce: 1n, requests: [request('x')] });
    expect(envelope.signer).toEqual({ kind: 'client', publicKey: swarm.client.publicKey });
    const signed = envelopeSigningBytes(swarm.id, envelope.bodyHash);
    expect(suite.verify(swarm.client.publicKey, signed, envelope.signature)).toBe(true);
  });

  it('refuses bytes that are no private key, without repeating them', () => {
    const privateKey = new Uint8Array(31).fill(0x41);
    for (const create of [
      () => createSigner({ suite, privateKey, hash: nativeHash, domain }),
      () => createClientSigner({ suite, privateKey, hash: nativeHash, swarmId: swarm.id }),
    ]) {
      expect(create).toThrow(RangeError);
      expect(create).not.toThrow(/AAA|414141|65,65/);
    }
  });
});
