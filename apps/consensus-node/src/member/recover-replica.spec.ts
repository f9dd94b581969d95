import { Ledger } from '@concordat/consensus';
import { nativeHash } from '@concordat/crypto';
import { createEpochTable, Epochs, memberIndex, nodeId, sequence, ZERO_DIGEST } from '@concordat/protocol';
import { encodeDurableRecord, RecoveryError, type LogRecord } from '@concordat/records';
import { recoverReplica } from './recover-replica';

const members = [1, 2, 3, 4].map((n) => ({
  nodeId: nodeId(`node-${n}`),
  publicKey: new Uint8Array(32).fill(n),
  weight: 1,
}));
const table = createEpochTable({ members });
const place = () => memberIndex(0);
const epochs = new Epochs(nativeHash, table);
const stateBytes = new Ledger({
  hash: nativeHash,
  swarmId: ZERO_DIGEST,
  epochs,
  committee: epochs.newest,
  judge: { verify: () => false, proves: () => false },
}).encode();
const state = (n: number): LogRecord =>
  encodeDurableRecord({ kind: 'state', sequence: sequence(n), state: stateBytes });

type Folder = Parameters<typeof recoverReplica>[0];
const folder = (records: LogRecord[], lastSequence: number): Folder =>
  ({
    voteLog: { takeRecords: () => records, tornTail: false },
    decisions: { lastSequence, read: () => Promise.resolve([]) },
  }) as unknown as Folder;

describe('recovery of a member', () => {
  it('refuses a state that is ahead of the decisions: the two were not kept together', async () => {
    const recovering = recoverReplica(folder([state(64)], 63), table, place);
    await expect(recovering).rejects.toThrow(RecoveryError);
    await expect(recovering).rejects.toThrow('after sequence 64, but the decisions end at 63');
  });

  it('starts from a state that the decisions reach', async () => {
    const { recovered } = await recoverReplica(folder([state(64)], 64), table, place);
    expect(recovered.state?.sequence).toBe(64);
    expect(recovered.decided).toEqual([]);
  });

  it('refuses a state of an epoch that it knows nothing of', async () => {
    const strange = stateBytes.slice();
    strange[20] = (strange[20] ?? 0) ^ 1;
    const record = encodeDurableRecord({ kind: 'state', sequence: sequence(64), state: strange });
    await expect(recoverReplica(folder([record], 64), table, place)).rejects.toThrow(
      'the epoch of a stored state is not known',
    );
  });

  it('stops reading at a gap whose state did not become durable', async () => {
    const { recovered } = await recoverReplica(folder([state(64)], 128), table, place);
    expect(recovered.decided).toEqual([]);
  });
});
