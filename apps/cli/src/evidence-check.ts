import { createJudge, nativeHash, signatureSuite } from '@concordat/crypto';
import {
  LayoutError,
  Reader,
  swarmId,
  wireLimits,
  type Epoch,
  type Epochs,
  type Genesis,
  type WireLimits,
} from '@concordat/protocol';
import { decodeEvidence } from '@concordat/records';

/** What a proof comes to, by the tables of the epochs alone. */
export type EvidenceVerdict =
  | { readonly holds: true; readonly node_id: string; readonly kind: string; readonly epoch: number }
  | { readonly holds: false; readonly reason: string };

const refused = (reason: string): EvidenceVerdict => ({ holds: false, reason });

/** Judges a proof offline, as members do that execute an isolation (Spec §8). */
export function checkEvidence(proof: Uint8Array, genesis: Genesis, epochs: Epochs): EvidenceVerdict {
  try {
    const limitsOf = (epoch: Epoch): WireLimits | undefined => {
      const committee = epochs.of(epoch);
      return committee === undefined ? undefined : wireLimits(committee.table);
    };
    const evidence = decodeEvidence(nativeHash, new Reader(proof), limitsOf);
    const { epoch } = evidence.kind === 'equivocation' ? evidence.first.statement : evidence.newView;
    const accused = epochs.of(epoch)?.member(evidence.accused)?.nodeId;
    if (accused === undefined) return refused(`no table is known that has its epoch ${epoch} and its member`);
    const suite = signatureSuite(genesis.table.signatureScheme);
    const judge = createJudge({ swarmId: swarmId(nativeHash, genesis), hash: nativeHash, suite });
    if (!judge.proves(epochs, epoch, proof, accused)) return refused(`it proves nothing against ${accused}`);
    return { holds: true, node_id: accused, kind: evidence.kind, epoch };
  } catch (thrown) {
    if (thrown instanceof LayoutError) return refused(`it is no proof: ${thrown.message}`);
    throw thrown;
  }
}
