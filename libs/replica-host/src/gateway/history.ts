import { proposalId, OUTCOMES } from '@concordat/protocol';
import { executedIn, settledRequest, type DecisionsView, type SettledRequest } from './lookup';

/** Place in the history: everything older than that request. */
export interface HistoryCursor {
  readonly sequence: number;
  readonly envelopeIndex: number;
  readonly requestIndex: number;
}

/** Some decided requests, newest first. */
export interface HistoryPage {
  readonly decisions: readonly SettledRequest[];
  /** Where the next page begins; undefined at the end of the history. */
  readonly next: HistoryCursor | undefined;
}

/** Bounds of one page. */
export interface HistoryBounds {
  readonly requestsMax: number;
  /** Of the values together; the first one always fits. */
  readonly valueBytesMax: number;
  /** Blocks that one page looks at; one without decided requests counts too. */
  readonly blocksMax: number;
}

const CURSOR = /^([1-9][0-9]{0,15})-(0|[1-9][0-9]{0,4})-(0|[1-9][0-9]{0,4})$/;

/** A cursor as text. */
export const cursorText = ({ sequence, envelopeIndex, requestIndex }: HistoryCursor): string =>
  `${String(sequence)}-${String(envelopeIndex)}-${String(requestIndex)}`;

/** Reads a cursor; undefined for text that is none. */
export function parseCursor(text: string): HistoryCursor | undefined {
  const match = CURSOR.exec(text);
  if (match === null) return undefined;
  const [sequence = 0, envelopeIndex = 0, requestIndex = 0] = match.slice(1).map(Number);
  return Number.isSafeInteger(sequence) ? { sequence, envelopeIndex, requestIndex } : undefined;
}

const isBelow = (place: HistoryCursor, cursor: HistoryCursor): boolean => {
  if (place.sequence !== cursor.sequence) return place.sequence < cursor.sequence;
  if (place.envelopeIndex !== cursor.envelopeIndex) return place.envelopeIndex < cursor.envelopeIndex;
  return place.requestIndex < cursor.requestIndex;
};

const placeOf = ({ block, envelopeIndex, requestIndex }: SettledRequest): HistoryCursor => ({
  sequence: block.sequence,
  envelopeIndex,
  requestIndex,
});

/** Reads one page of the decided requests, newest first, block by block. Rejects when the store fails. */
export async function readHistory(
  decisions: DecisionsView,
  from: HistoryCursor | undefined,
  bounds: HistoryBounds,
): Promise<HistoryPage> {
  const page: SettledRequest[] = [];
  let bytes = 0;
  let before = from === undefined ? undefined : from.sequence + 1;
  for (let blocks = 0; blocks < bounds.blocksMax; blocks++) {
    const [record] = await decisions.recent(1, before);
    if (record === undefined) return { decisions: page, next: undefined };
    before = record.sequence;
    for (const settled of decidedNewestFirst(record)) {
      if (from !== undefined && !isBelow(placeOf(settled), from)) continue;
      bytes += settled.request.value.length;
      const last = page.at(-1);
      if (last !== undefined && (page.length >= bounds.requestsMax || bytes > bounds.valueBytesMax))
        return { decisions: page, next: placeOf(last) };
      page.push(settled);
    }
  }
  // So many blocks without enough decisions: the caller goes on from the last one that was looked at.
  return { decisions: page, next: { sequence: before ?? 1, envelopeIndex: 0, requestIndex: 0 } };
}

function* decidedNewestFirst(record: Parameters<typeof executedIn>[0]): Generator<SettledRequest> {
  for (let envelopeIndex = (record.batch?.envelopes.length ?? 0) - 1; envelopeIndex >= 0; envelopeIndex--) {
    const executed = executedIn(record, envelopeIndex);
    if (executed === undefined) continue;
    for (let requestIndex = executed.outcomes.length - 1; requestIndex >= 0; requestIndex--) {
      if (executed.outcomes[requestIndex] !== OUTCOMES.decided) continue;
      const settled = settledRequest(executed, requestIndex, proposalId);
      if (settled !== undefined) yield settled;
    }
  }
}
