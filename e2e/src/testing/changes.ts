import { join } from 'node:path';
import { changeRequest } from '@concordat/client';
import { approve, provenKey, type Operation } from '@concordat/consensus';
import { nativeHash, readKeyFile, signatureSuite, type KeyPair } from '@concordat/crypto';
import { epoch, nodeId, sequence, swarmId, type Digest } from '@concordat/protocol';
import type { Answer, MemberProcess, Swarm } from './swarm';

/** An operation without its nonce. */
export type Wish = Operation extends infer Each ? (Each extends Operation ? Omit<Each, 'nonce'> : never) : never;

/** Who asks a swarm for changes of its member table. */
export class Changes {
  readonly swarmId: Digest;
  private nonce = 0;

  constructor(
    private readonly swarm: Swarm,
    private readonly keys: readonly KeyPair[] = [swarm.operator],
  ) {
    this.swarmId = swarmId(nativeHash, swarm.genesis);
  }

  /** The next operation, with a nonce of its own. */
  next(wish: Wish): Operation {
    this.nonce += 1;
    return { ...wish, nonce: this.nonce };
  }

  /** Fields of a join or rotation: what the key in `keyFile` says about itself now. */
  async proven(witness: MemberProcess, node: string, keyFile: string): Promise<ReturnType<typeof provenKey>> {
    const { body } = await witness.get('/api/v1/cluster/status');
    const { publicKey, privateKey, scheme } = readKeyFile(keyFile);
    const claim = {
      epoch: epoch(body['epoch'] as number),
      stableSequence: sequence(body['stable_sequence'] as number),
      nodeId: nodeId(node),
      publicKey,
    };
    return provenKey(this.swarmId, claim, (bytes) => signatureSuite(scheme).sign(privateKey, bytes));
  }

  /** What is handed in for an operation. */
  request(operation: Operation): ReturnType<typeof changeRequest> {
    const suite = signatureSuite(this.swarm.genesis.table.signatureScheme);
    return changeRequest(
      operation,
      this.keys.map(({ publicKey, privateKey }) =>
        approve(this.swarmId, operation, publicKey, (bytes) => suite.sign(privateKey, bytes)),
      ),
    );
  }

  /** Asks one member for a change and gives its answer. */
  async ask(member: MemberProcess, wish: Wish, query = '?wait=epoch'): Promise<Answer> {
    const { path, body, headers } = this.request(this.next(wish));
    return member.post(`${path}${query}`, body, headers);
  }

  /** Has a node join with the key in its folder. */
  async join(witness: MemberProcess, node: MemberProcess, query?: string): Promise<Answer> {
    const proof = await this.proven(witness, node.name, join(this.swarm.folder, node.name, 'key.json'));
    return this.ask(witness, { kind: 'join', ...proof }, query);
  }

  /** Has a member leave. */
  leave(witness: MemberProcess, node: string, f?: number): Promise<Answer> {
    return this.ask(witness, { kind: 'leave', node_id: node, ...(f === undefined ? {} : { f }) });
  }
}
