import type { ReplicaConfig } from '@concordat/consensus';
import type { Epoch, Hash, MemberIndex } from '@concordat/protocol';
import type { Adversary } from '../adversary';
import { nodeNumber } from '../epoch-history';
import type { FaultWitness } from '../fault-coverage';
import type { SimulatedNetwork } from '../network';
import type { Opener, Packet } from '../packet';
import { stepOfPacket } from '../protocol-steps';
import type { Random } from '../random';
import type { Liar } from '../schedule';
import type { Tenure } from '../tenure';
import { createAdversary } from './index';
import { Revenant } from './revenant';

/** What a liar's adversaries are made from. */
export interface LiarParts {
  readonly index: MemberIndex;
  readonly hash: Hash;
  readonly random: Random;
  readonly config: ReplicaConfig;
  readonly opener: Opener;
  readonly network: SimulatedNetwork;
  readonly witness: FaultWitness;
}

/** Makes a liar's adversaries: one for each epoch, which outlives the process there. */
export function adversariesOf({ strategy }: Liar, parts: LiarParts): (tenure: Tenure) => Adversary {
  const { index, hash, random, config, opener, network, witness } = parts;
  let latest: { readonly epoch: Epoch; readonly adversary: Adversary } | undefined;
  return ({ committee, self, sealer }) => {
    if (latest?.epoch === committee.epoch) return latest.adversary;
    const votes = committee.isVoter(self);
    const transmit = (to: MemberIndex, packet: Packet): void => {
      const node = nodeNumber(committee.member(to)?.nodeId ?? '');
      if (node === undefined || node === index) return;
      opener.frame(packet);
      // Without a vote it does something else.
      if (votes && typeof strategy === 'string') witness.hit(strategy, stepOfPacket(packet), node);
      network.send(index, node, packet);
    };
    const tools = { self, committee, hash, sealer, random, config, transmit };
    const adversary = votes ? createAdversary(strategy, tools) : new Revenant(tools);
    latest = { epoch: committee.epoch, adversary };
    return adversary;
  };
}
