import { FETCH_ITEMS_MAX, type DraftOf, type Fetch, type NodeId, type Sequence, type View } from '@concordat/protocol';

/** What a member lacks. */
export type Wanted = Partial<Pick<Fetch, 'batches' | 'viewChanges' | 'envelopes' | 'decided' | 'snapshot'>>;

/** A FETCH in the name of `origin`, with at most as many items of each sort as one may ask for. */
export const fetchDraft = (origin: NodeId, wanted: Wanted): DraftOf<'fetch'> => ({
  kind: 'fetch',
  view: 0 as View,
  sequence: 0 as Sequence,
  origin,
  batches: (wanted.batches ?? []).slice(0, FETCH_ITEMS_MAX),
  viewChanges: (wanted.viewChanges ?? []).slice(0, FETCH_ITEMS_MAX),
  envelopes: (wanted.envelopes ?? []).slice(0, FETCH_ITEMS_MAX),
  decided: wanted.decided,
  snapshot: wanted.snapshot,
});
