import {
  NULL_DIGEST,
  type CheckpointCertificate,
  type Digest,
  type NewViewEntry,
  type PreparedCertificate,
  type Sequence,
  type ViewChange,
} from '@concordat/protocol';

/** What a new view starts with: a pure function of its VIEW-CHANGEs, so that every backup can check the leader (Spec §3). */
export interface NewViewPlan {
  /** min-s: highest stable checkpoint among them; undefined where the epoch begins. */
  readonly stable: CheckpointCertificate | undefined;
  readonly lowest: Sequence;
  /** One digest per sequence from lowest + 1 to max-s, without gaps. */
  readonly entries: readonly { readonly sequence: Sequence; readonly digest: Digest }[];
}

/** Computes min-s, max-s and O. `base`: where the epoch begins. The order of the VIEW-CHANGEs does not matter. */
export function planNewView(viewChanges: readonly ViewChange[], base: Sequence): NewViewPlan {
  let stable: CheckpointCertificate | undefined;
  for (const { stable: candidate } of viewChanges) {
    if (candidate !== undefined && candidate.sequence > (stable?.sequence ?? base)) stable = candidate;
  }
  const lowest = stable?.sequence ?? base;
  const best = new Map<Sequence, PreparedCertificate>();
  let highest: number = lowest;
  for (const { prepared } of viewChanges) {
    for (const certificate of prepared) {
      if (certificate.sequence <= lowest) continue;
      highest = Math.max(highest, certificate.sequence);
      const earlier = best.get(certificate.sequence);
      // At most one digest can be prepared per view, so the highest view alone decides.
      if (earlier === undefined || earlier.view < certificate.view) best.set(certificate.sequence, certificate);
    }
  }
  const entries = [];
  for (let sequence = lowest + 1; sequence <= highest; sequence++) {
    entries.push({ sequence: sequence as Sequence, digest: best.get(sequence as Sequence)?.digest ?? NULL_DIGEST });
  }
  return { stable, lowest, entries };
}

/** True when a leader's entries are the ones that the plan demands, no more and no fewer. */
export function followsPlan(entries: readonly NewViewEntry[], plan: NewViewPlan): boolean {
  return (
    entries.length === plan.entries.length &&
    entries.every((entry, index) => {
      const wanted = plan.entries[index];
      return wanted?.sequence === entry.sequence && wanted.digest === entry.digest;
    })
  );
}
