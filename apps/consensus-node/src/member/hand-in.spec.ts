import { nativeHash } from '@concordat/crypto';
import {
  type Authentic,
  Committee,
  createEpochTable,
  encodeEnvelopeBody,
  epoch,
  type EnvelopeBody,
  millis,
  nodeId,
  sealEnvelope,
  sequence,
  view,
} from '@concordat/protocol';
import { HostStoppedError } from '@concordat/replica-host';
import { handIn, type HandInPorts, type Serving } from './hand-in';

const envelopeBy = (signer: EnvelopeBody['signer']): Authentic => {
  const request = {
    value: Uint8Array.of(0x31),
    category: 'general',
    priority: 'normal',
    proposer: '',
    metadata: new Uint8Array(0),
    expiresAt: millis(9_000),
  } as const;
  const body = { signer, firstNonce: 1n, requests: [request] };
  return sealEnvelope(nativeHash, body, encodeEnvelopeBody(body), new Uint8Array(64)) as Authentic;
};
const gateways = envelopeBy({ kind: 'gateway', nodeId: nodeId('n1'), acceptedView: view(0) });
const clients = envelopeBy({ kind: 'client', publicKey: new Uint8Array(32).fill(9) });

/** Committee of an epoch in which n1 has that key. */
const committeeWith = (number: number, key: number): Committee => {
  const members = [
    { nodeId: nodeId('n1'), publicKey: new Uint8Array(32).fill(key) },
    { nodeId: nodeId('n2'), publicKey: new Uint8Array(32).fill(200) },
  ];
  const table = createEpochTable({ members });
  return new Committee({ ...table, epoch: epoch(number), baseSequence: sequence(number * 128) }, nativeHash);
};

/** A member whose host has ended, and whose next epochs begin as soon as somebody waits for them. */
class EndedMember implements HandInPorts {
  readonly taken: [epoch: number, envelope: Authentic][] = [];
  private at = 0;
  private readonly reigns: Serving[];
  stopped = false;

  constructor(
    private readonly committees: readonly Committee[],
    endedHosts = committees.length - 1,
  ) {
    this.reigns = committees.map((committee, index) => ({
      committee,
      host: {
        state: index < endedHosts ? 'ended' : 'running',
        submit: (envelope: Authentic) => {
          if (index < endedHosts) return Promise.reject(new HostStoppedError('the host is ended'));
          this.taken.push([committee.epoch, envelope]);
          return Promise.resolve(undefined);
        },
      },
    }));
  }

  serving = (): Serving => this.reigns[this.at]!;
  isSucceeding = (): boolean => false;
  isStopped = (): boolean => this.stopped;
  epochBegun = (next: number): Promise<boolean> => {
    this.at = this.committees.findIndex((committee) => committee.epoch >= next);
    return Promise.resolve(true);
  };
}

describe('an envelope that the end of an epoch surprises', () => {
  it.each([
    ['a client’s', clients, 8],
    ['a gateway’s whose key stays', gateways, 7],
  ])('goes into the next: %s', async (_, envelope, nextKey) => {
    const member = new EndedMember([committeeWith(0, 7), committeeWith(1, nextKey)]);
    expect(await handIn(envelope, member)).toBeUndefined();
    expect(member.taken).toEqual([[1, envelope]]);
  });

  it('is refused when its gateway has another key there: nobody would order it, and its pool would wait for it in vain', async () => {
    const member = new EndedMember([committeeWith(0, 7), committeeWith(1, 8)]);
    expect(await handIn(gateways, member)).toMatchObject({ code: 'wrong_epoch' });
    expect(member.taken).toEqual([]);
  });

  it('is refused also when the key changed an epoch before the one that takes it', async () => {
    const member = new EndedMember([committeeWith(0, 7), committeeWith(1, 8), committeeWith(2, 8)]);
    expect(await handIn(gateways, member)).toMatchObject({ code: 'wrong_epoch' });
    expect(member.taken).toEqual([]);
  });

  it('is not handed in any more by a member that stops', async () => {
    const member = new EndedMember([committeeWith(0, 7), committeeWith(1, 7)]);
    member.stopped = true;
    await expect(handIn(clients, member)).rejects.toThrow(HostStoppedError);
  });
});
