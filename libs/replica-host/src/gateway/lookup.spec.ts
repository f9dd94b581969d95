import type { EnvelopeProgress } from '@concordat/consensus';
import type { Digest } from '@concordat/protocol';
import type { DecisionRecord } from '@concordat/records';
import { DecidedTotals } from './decided-totals';
import { cursorText, parseCursor, readHistory, type HistoryBounds } from './history';
import { ProposalLookup, type DecisionsView, type RequestPlace } from './lookup';
import { Proposals } from './proposals';
import { blockOf, clientEnvelope, gatewayEnvelope, someProgress } from './testing/blocks';

/** Decisions in memory, searched the slow way. */
class Decisions implements DecisionsView {
  constructor(private readonly records: readonly DecisionRecord[]) {}

  find(signerKey: string, nonce: bigint): Promise<RequestPlace | undefined> {
    for (const { batch, sequence } of this.records) {
      for (const [envelopeIndex, envelope] of (batch?.envelopes ?? []).entries()) {
        const requestIndex = Number(nonce - envelope.firstNonce);
        if (envelope.signerKey === signerKey && envelope.requests[requestIndex] !== undefined)
          return Promise.resolve({ sequence, envelopeIndex, requestIndex });
      }
    }
    return Promise.resolve(undefined);
  }

  get(sequence: number): Promise<DecisionRecord | undefined> {
    return Promise.resolve(this.records.find((record) => record.sequence === sequence));
  }

  recent(limit: number, before = Number.MAX_SAFE_INTEGER): Promise<readonly DecisionRecord[]> {
    return Promise.resolve(
      this.records
        .filter(({ sequence }) => sequence < before)
        .toReversed()
        .slice(0, limit),
    );
  }
}

const client = clientEnvelope(1, 40, 'c0', 'c1', 'c2');
const gateway = gatewayEnvelope('n1', 7, 'g0', 'g1');
const waiting = gatewayEnvelope('n1', 9, 'w');
const decisions = new Decisions([
  blockOf(1, [gatewayEnvelope('n2', 1, 'first')]),
  blockOf(2, []),
  blockOf(3, [gateway, client], ['decided', 'expired', 'decided', 'refused', 'duplicate']),
]);
const clientName = client.signerKey.slice(2);

describe('a proposal by id', () => {
  const proposals = new Proposals({ seenMax: 10, waitersMax: 10 });
  proposals.note(waiting);
  const progress = new Map<Digest, EnvelopeProgress>([[waiting.id, someProgress]]);
  const lookup = new ProposalLookup(proposals, decisions, (id) => progress.get(id));

  it.each([
    ['n1:2:7', { status: 'decided', envelopeIndex: 0, requestIndex: 0, durationMs: 30 }],
    ['n1:2:8', { status: 'expired', requestIndex: 1 }],
    [`${clientName}:40`, { status: 'decided', envelopeIndex: 1, requestIndex: 0, durationMs: undefined }],
    [`${clientName}:41`, { status: 'rejected' }],
    [`${clientName}:42`, { status: 'rejected' }],
    ['n1:2:9', { status: 'active', progress: someProgress, proposer: 'me', requestIndex: 0 }],
  ])('is told of: %s', async (id, expected) => {
    expect(await lookup.find(id)).toMatchObject({ proposalId: id, ...expected });
  });

  it.each([
    ['another view than the signed one', 'n1:3:7'],
    ['another view while it is active', 'n1:0:9'],
    ['no view for a gateway', 'n1:7'],
    ['a view for a client', `${clientName}:2:40`],
    ['an unknown number', 'n1:2:1000'],
    ['an unknown node', 'n9:2:7'],
    ['no id at all', 'nonsense'],
    ['an empty id', ''],
  ])('is unknown with %s', async (_, id) => {
    expect(await lookup.find(id)).toBeUndefined();
  });

  it('waits no longer once the pool lets go of it', async () => {
    const idle = new ProposalLookup(proposals, decisions, () => undefined);
    expect(await idle.find('n1:2:9')).toBeUndefined();
  });

  it('tells a client of its very envelope only', async () => {
    expect(await lookup.executionOf(client)).toMatchObject({ envelopeIndex: 1, outcomes: Uint8Array.of(0, 3, 1) });
    expect(await lookup.executionOf(clientEnvelope(1, 40, 'other', 'c1', 'c2'))).toBeUndefined();
    expect(await lookup.executionOf(clientEnvelope(2, 40, 'c0'))).toBeUndefined();
  });
});

describe('the history', () => {
  const bounds: HistoryBounds = { requestsMax: 10, valueBytesMax: 1_000, blocksMax: 100 };
  const many = new Decisions(
    Array.from({ length: 5 }, (_, i) =>
      blockOf(i + 1, [gatewayEnvelope('n1', 10 * i, i, i + 0.5), clientEnvelope(i, 1, 'c')]),
    ),
  );
  const walk = async (view: DecisionsView, change: Partial<HistoryBounds>): Promise<string[][]> => {
    const pages: string[][] = [];
    let cursor: ReturnType<typeof parseCursor>;
    do {
      const page = await readHistory(view, cursor, { ...bounds, ...change });
      pages.push(page.decisions.map(({ proposalId }) => proposalId));
      cursor = page.next === undefined ? undefined : parseCursor(cursorText(page.next));
    } while (cursor !== undefined && pages.length < 50);
    return pages;
  };

  it('lists what was decided, newest first, and nothing else', async () => {
    expect(await walk(decisions, {})).toEqual([[`${clientName}:40`, 'n1:2:7', 'n2:2:1']]);
    expect(await walk(new Decisions([]), {})).toEqual([[]]);
  });

  it.each([1, 2, 3, 4, 14, 15, 100])('is the same in pages of %i', async (requestsMax) => {
    const [whole = []] = await walk(many, { requestsMax: 1_000 });
    expect(whole).toHaveLength(15);
    const pages = await walk(many, { requestsMax });
    expect(pages.flat()).toEqual(whole);
    for (const page of pages) expect(page.length).toBeLessThanOrEqual(requestsMax);
  });

  it('is the same when values or blocks end a page', async () => {
    const [whole = []] = await walk(many, {});
    const rest = (await walk(many, { requestsMax: 1_000 })).flat();
    expect(rest.slice(0, whole.length)).toEqual(whole);
    expect((await walk(many, { valueBytesMax: 1 })).flat()).toEqual(rest);
    expect((await walk(many, { blocksMax: 2 })).flat()).toEqual(rest);
  });

  it.each(['', '0-0-0', '1-0', '1-0-0-0', '01-0-0', '1-0-x', '-1-0-0', '99999999999999999-0-0', '1-0-0 '])(
    'has no cursor %p',
    (text) => {
      expect(parseCursor(text)).toBeUndefined();
    },
  );
});

describe('what was dropped or taken over', () => {
  it('a proposal whose decision was dropped is told from one that nobody knows', async () => {
    const dropped: DecisionsView = {
      find: () => Promise.resolve({ sequence: 7, envelopeIndex: 0, requestIndex: 0 }),
      get: () => Promise.resolve(undefined),
      recent: () => Promise.resolve([]),
    };
    const registry = new Proposals({ seenMax: 1, waitersMax: 1 });
    const found = await new ProposalLookup(registry, dropped, () => undefined).find('n1:2:7');
    expect(found).toEqual({ status: 'pruned', proposalId: 'n1:2:7', sequence: 7 });
  });

  it('counts go on from what the state says', () => {
    const totals = new DecidedTotals(10, 100, 3);
    totals.onInstalled(64, 500);
    totals.onCommitted(blockOf(65, [client]));
    expect([10, 11, 64, 65].map((sequence) => totals.upTo(sequence))).toEqual([100, undefined, 500, 503]);
  });
});

describe('decisions up to a sequence', () => {
  it('are counted for the recent past, and for members that are ahead as far as it is known here', () => {
    const totals = new DecidedTotals(10, 100, 3);
    totals.onCommitted(blockOf(11, [gateway], ['decided', 'expired']));
    totals.onCommitted(blockOf(12, [client]));
    expect([10, 11, 12, 99].map((sequence) => totals.upTo(sequence))).toEqual([100, 101, 104, 104]);
    totals.onCommitted(blockOf(13, []));
    expect([10, 11, 13].map((sequence) => totals.upTo(sequence))).toEqual([undefined, 101, 104]);
  });
});
