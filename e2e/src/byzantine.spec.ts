import { join } from 'node:path';
import { createSigner, nativeHash, readKeyFile, signatureSuite } from '@concordat/crypto';
import { connectBus, type NatsBus } from '@concordat/nats';
import {
  Committee,
  digest,
  encodeMessage,
  epoch,
  memberIndex,
  seal,
  sequence,
  subjectsOf,
  swarmId,
  view,
  type Draft,
} from '@concordat/protocol';
import { Swarm } from './testing/swarm';
import { until } from './testing/until';

/** Inside everybody's window, and above what the honest process of the liar votes on. */
const LIE_AT = 24;

describe('a member that lies', () => {
  let swarm: Swarm;
  let bus: NatsBus;

  beforeAll(async () => {
    swarm = await Swarm.start();
    bus = await connectBus({ url: swarm.nats.url, name: 'liar' });
  });

  afterAll(async () => {
    await bus.close();
    await swarm.stop();
  });

  /** Signs with the key of node-3 what its honest process never would. */
  function lie(draft: Draft): Uint8Array {
    const { table } = swarm.genesis;
    const committee = new Committee(table, nativeHash);
    const { privateKey } = readKeyFile(join(swarm.folder, 'node-3', 'key.json'));
    const domain = { swarmId: swarmId(nativeHash, swarm.genesis), tableHash: committee.hash };
    const signer = createSigner({ suite: signatureSuite(table.signatureScheme), privateKey, hash: nativeHash, domain });
    return encodeMessage(
      seal({ hash: nativeHash, epoch: epoch(0), sender: memberIndex(3), sign: signer.signStatement }, draft),
    );
  }

  it('is found out by two votes for one slot: proof on record at every other member, also after a restart; decisions go on', async () => {
    const proofs: string[] = [];
    bus.subscribe(subjectsOf('e2e').allThreats, (_, subject) => proofs.push(subject));
    await swarm.member(0).decide('before');
    const subject = subjectsOf('e2e').consensus('node-3', 'commit');
    for (const text of ['a', 'b']) {
      bus.publish(
        subject,
        lie({ kind: 'commit', view: view(0), sequence: sequence(LIE_AT), digest: digest(text.repeat(64)) }),
      );
    }
    for (const index of [0, 1, 2]) {
      const body = await until(`node-${String(index)} has a proof`, 10_000, async () => {
        const answer = await swarm.member(index).get('/api/v1/health');
        return (answer.body['byzantine_nodes'] as string[]).length > 0 ? answer.body : undefined;
      });
      expect(body).toMatchObject({ byzantine_nodes: ['node-3'], status: 'degraded' });
    }
    expect(new Set(proofs)).toEqual(new Set([0, 1, 2].map((index) => `bft.e2e.threat.node-${String(index)}.evidence`)));
    expect(await swarm.member(1).decide('after')).toMatchObject({ byzantine_detected: ['node-3'] });
    const metrics = await (await fetch(`${swarm.member(0).url}/metrics`)).text();
    expect(metrics).toMatch(/^byzantine_detections\{kind="equivocation"\} 1$/m);
    await swarm.member(1).end('SIGKILL');
    swarm.member(1).start();
    await until('node-1 is back, and remembers', 20_000, async () => {
      const { body } = await swarm.member(1).get('/api/v1/health');
      return (body['byzantine_nodes'] as string[]).includes('node-3') ? true : undefined;
    });
  });
});
