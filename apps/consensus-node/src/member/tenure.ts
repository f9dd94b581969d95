import { createReplica, type Recovered, type Replica, type WaitingEnvelope } from '@concordat/consensus';
import {
  createJudge,
  createOpener,
  createSigner,
  type MemberSigner,
  nativeHash,
  type Opener,
  signatureSuite,
} from '@concordat/crypto';
import {
  type Committee,
  type Draft,
  type Epochs,
  type MemberIndex,
  placeIn,
  seal,
  type Signed,
} from '@concordat/protocol';
import { type NodeSettings } from '../config/swarm-settings';
import { type MemberKeys } from '../start/member-keys';
import { type SwarmIdentity } from '../start/read-swarm';

/** What a member is in one epoch: its replica there, with its eyes and its pen. */
export interface Tenure {
  readonly committee: Committee;
  /** OBSERVER while the epoch's table does not name this node with this key. */
  readonly self: MemberIndex;
  readonly replica: Replica;
  readonly opener: Opener;
  readonly signer: MemberSigner;
  readonly seal: (draft: Draft) => Signed;
}

/** What a tenure is made of. */
export interface TenureOptions {
  readonly identity: SwarmIdentity;
  readonly settings: NodeSettings;
  readonly epochs: Epochs;
  readonly committee: Committee;
  readonly recovered: Recovered;
  /** What waited in the pool of the tenure before. */
  readonly waiting?: readonly WaitingEnvelope[];
}

/** Envelopes remembered as verified: those whose batch comes when they have left the pool again. */
const VERIFIED_ENVELOPES_MAX = 1 << 13;

/** The place of this node in an epoch. */
export const placeOf = (committee: Committee, keys: MemberKeys): MemberIndex =>
  placeIn(committee, keys.nodeId, () => keys.in(committee) !== undefined);

/** Builds the engine that the table names, on what the data folder or the tenure before left. */
export function buildTenure(options: TenureOptions): Tenure {
  const { identity, settings, epochs, committee, recovered, waiting = [] } = options;
  const { swarmId, nodeId, keys } = identity;
  const suite = signatureSuite(committee.table.signatureScheme);
  const self = placeOf(committee, keys);
  const replica = createReplica({
    swarmId,
    epochs,
    committee,
    self,
    nodeId,
    hash: nativeHash,
    judge: createJudge({ swarmId, hash: nativeHash, suite }),
    config: settings.replica,
    recovered,
    waiting,
  });
  const domain = { swarmId, tableHash: committee.hash };
  // Who is nobody there signs nothing that counts.
  const { privateKey } = keys.in(committee) ?? keys.key;
  const signer = createSigner({ suite, privateKey, hash: nativeHash, domain });
  const opener = createOpener({
    committee,
    epochs,
    swarmId,
    hash: nativeHash,
    suite,
    admit: (statement) => replica.admit(statement),
    known: (id) => replica.waitingEnvelope(id),
    envelopeCacheMax: VERIFIED_ENVELOPES_MAX,
  });
  const sealer = { hash: nativeHash, epoch: committee.epoch, sender: self, sign: signer.signStatement };
  return { committee, self, replica, opener, signer, seal: (draft) => seal(sealer, draft) };
}
