import { createPbftReplica, type Recovered, type Replica } from '@concordat/consensus';
import {
  createOpener,
  createSigner,
  type MemberSigner,
  nativeHash,
  type Opener,
  signatureSuite,
} from '@concordat/crypto';
import { type Draft, type Signed, seal, wireLimits } from '@concordat/protocol';
import { type NodeSettings } from '../config/swarm-settings';
import { type SwarmIdentity } from '../start/read-swarm';

/** A replica with its eyes and its pen. */
export interface ReplicaParts {
  readonly replica: Replica;
  readonly opener: Opener;
  readonly signer: MemberSigner;
  readonly seal: (draft: Draft) => Signed;
}

/** Envelopes remembered as verified: those whose batch comes when they have left the pool again. */
const VERIFIED_ENVELOPES_MAX = 1 << 13;

/** Builds the engine that the genesis names, on what the data folder held. */
export function buildReplica(identity: SwarmIdentity, settings: NodeSettings, recovered: Recovered): ReplicaParts {
  const { committee, self, swarmId, key } = identity;
  const replica = createPbftReplica({ committee, self, hash: nativeHash, config: settings.replica, recovered });
  const suite = signatureSuite(committee.table.signatureScheme);
  const domain = { swarmId, tableHash: committee.hash };
  const signer = createSigner({ suite, privateKey: key.privateKey, hash: nativeHash, domain });
  const opener = createOpener({
    committee,
    swarmId,
    hash: nativeHash,
    limits: wireLimits(committee.table),
    suite,
    admit: (statement) => replica.admit(statement),
    known: (id) => replica.waitingEnvelope(id),
    envelopeCacheMax: VERIFIED_ENVELOPES_MAX,
  });
  const sealer = { hash: nativeHash, epoch: committee.epoch, sender: self, sign: signer.signStatement };
  return { replica, opener, signer, seal: (draft) => seal(sealer, draft) };
}
