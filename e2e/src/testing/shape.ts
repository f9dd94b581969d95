import type { Answer, Swarm } from './swarm';
import { until } from './until';

/** What an answer and all members named in it say of the swarm from the epoch on. */
export async function shapeOf(swarm: Swarm, { status, body }: Answer): Promise<unknown> {
  if (status !== 200 || body['status'] !== 'effective') throw new Error(JSON.stringify({ status, body }));
  const { effective_epoch: epoch, cluster_size: n, byzantine_threshold: f, quorum, current_nodes: nodes } = body;
  for (const node of nodes as string[]) {
    const member = swarm.named(node);
    await until(`${node} is in epoch ${String(epoch)}`, 10_000, async () => {
      const { body: its } = await member.get('/api/v1/cluster/status');
      const same = its['total_nodes'] === n && its['byzantine_threshold'] === f && its['quorum'] === quorum;
      return its['epoch'] === epoch && same ? true : undefined;
    });
  }
  return { epoch, n, f, quorum };
}
