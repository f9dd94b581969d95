import {
  isRejection,
  millis,
  nodeId,
  reject,
  view,
  type Authentic,
  type EnvelopeBody,
  type Rejection,
} from '@concordat/protocol';
import { packLimits } from './envelope-packer';
import { Gateway, type AcceptedProposal, type GatewayLimits, type GatewayPorts, type Proposal } from './gateway';
import { Proposals } from './proposals';
import { blockOf, clientEnvelope, gatewayEnvelope, request, sealUnsigned } from './testing/blocks';

const utf8 = new TextEncoder();
const LIMITS: GatewayLimits = {
  requestsMax: 3,
  sharedBytesMax: 400,
  requestBytesMax: 1000,
  nonceWindow: 8,
  pendingMax: 10,
};

/** A gateway with a hand-driven turn, a counter in memory, and a pool that takes everything unless told otherwise. */
class Bench {
  readonly signed: EnvelopeBody[] = [];
  readonly submitted: Authentic[] = [];
  readonly proposals = new Proposals({ seenMax: 100, waitersMax: 100 });
  nextNonce = 1n;
  now = 5_000;
  verdict: (envelope: Authentic) => Promise<Rejection | undefined> = () => Promise.resolve(undefined);
  private readonly turns: (() => void)[] = [];
  readonly gateway: Gateway;

  constructor(limits: Partial<GatewayLimits> = {}, ports: Partial<GatewayPorts> = {}) {
    this.gateway = new Gateway(
      nodeId('n1'),
      this.proposals,
      { ...LIMITS, ...limits },
      {
        now: () => millis(this.now),
        endOfTurn: (callback) => this.turns.push(callback),
        drawNonces: (count) => {
          const first = this.nextNonce;
          this.nextNonce += BigInt(count);
          return Promise.resolve(first);
        },
        sign: (body) => {
          this.signed.push(body);
          return sealUnsigned(body);
        },
        openEnvelope: () => reject('malformed', 'no envelope'),
        isJson: () => true,
        submit: (envelope) => {
          this.submitted.push(envelope);
          return this.verdict(envelope);
        },
        executionOf: () => Promise.resolve(undefined),
        state: () => ({ view: view(7) }),
        ...ports,
      },
    );
  }

  propose(value: unknown, change: Partial<Proposal> = {}): Promise<AcceptedProposal | Rejection> {
    const { category, priority, metadata } = request(0);
    const bytes = utf8.encode(JSON.stringify(value));
    return this.gateway.propose({
      value: bytes,
      category,
      priority,
      proposer: '',
      metadata,
      timeoutMs: 500,
      ...change,
    });
  }

  endTurn(): void {
    for (const turn of this.turns.splice(0)) turn();
  }
}

const idsOf = (results: readonly (AcceptedProposal | Rejection)[]): string[] =>
  results.map((result) => (isRejection(result) ? result.code : result.proposalId));

describe('callers without a key', () => {
  it('share one signature when they come in the same turn', async () => {
    const bench = new Bench();
    const answers = [bench.propose('a'), bench.propose('b', { proposer: 'planner' })];
    expect(bench.signed).toHaveLength(0);
    bench.endTurn();
    expect(idsOf(await Promise.all(answers))).toEqual(['n1:7:1', 'n1:7:2']);
    expect(bench.signed).toHaveLength(1);
    expect(bench.signed[0]).toMatchObject({
      signer: { kind: 'gateway', nodeId: 'n1', acceptedView: 7 },
      firstNonce: 1n,
      requests: [
        { proposer: '', expiresAt: 5_500 },
        { proposer: 'planner', expiresAt: 5_500 },
      ],
    });
  });

  it('have envelopes of their own in different turns', async () => {
    const bench = new Bench();
    const first = bench.propose('a');
    bench.endTurn();
    await first;
    const second = bench.propose('b');
    bench.endTurn();
    await second;
    expect(bench.signed.map(({ firstNonce }) => firstNonce)).toEqual([1n, 2n]);
  });

  const proposeOne = async (bench: Bench): Promise<string> => {
    const answer = bench.propose('x');
    bench.endTurn();
    const [id] = idsOf([await answer]);
    return id ?? '';
  };
  const decide = (bench: Bench, envelope: Authentic): void => {
    bench.gateway.onCommitted(blockOf(1, [envelope]));
    bench.proposals.onCommitted(blockOf(1, [envelope]), []);
  };

  it('are not refused for ever because one of them was lost: what expired holds no nonces back', async () => {
    const bench = new Bench();
    await proposeOne(bench);
    for (let i = 0; i < 7; i++) {
      await proposeOne(bench);
      decide(bench, bench.submitted.at(-1)!);
    }
    expect(await proposeOne(bench)).toBe('pool_full');
    bench.now = 5_501;
    expect(await proposeOne(bench)).toBe('n1:7:9');
    expect(bench.gateway.outstanding).toBe(1);
  });

  it('hear at once that their envelope did not outlive an epoch, and hold no nonces back', async () => {
    const bench = new Bench();
    const answer = bench.propose('a');
    bench.endTurn();
    const accepted = (await answer) as AcceptedProposal;
    const executed = bench.proposals.executionOf(accepted.submission, millis(9_000));
    bench.gateway.onDropped(accepted.submission.envelope);
    expect(await executed).toBeUndefined();
    expect([bench.gateway.outstanding, bench.proposals.size]).toEqual([0, 0]);
  });

  it('have their envelope signed anew, under the same nonces, when its key went out of office on the way', async () => {
    const bench = new Bench();
    const verdicts = [reject('wrong_epoch', 'a key of the epoch before'), undefined];
    bench.verdict = () => Promise.resolve(verdicts.shift());
    const answers = [bench.propose('a'), bench.propose('b')];
    bench.endTurn();
    expect(idsOf(await Promise.all(answers))).toEqual(['n1:7:1', 'n1:7:2']);
    expect(bench.signed).toHaveLength(2);
    expect(bench.signed[1]).toEqual(bench.signed[0]);
    expect(bench.gateway.outstanding).toBe(1);
  });

  it('fail when their envelope cannot be signed anew', async () => {
    const bench = new Bench();
    bench.verdict = () => {
      // The first one is signed by now.
      bench.signed.push = () => {
        throw new Error('no key');
      };
      return Promise.resolve(reject('wrong_epoch', 'a key of the epoch before'));
    };
    const answer = bench.propose('a');
    bench.endTurn();
    await expect(answer).rejects.toThrow('no key');
    expect(bench.gateway.outstanding).toBe(0);
  });

  it('hold later nonces back with those that were signed anew, too', async () => {
    const bench = new Bench();
    let refuse: (rejection: Rejection) => void = () => undefined;
    bench.verdict = () => new Promise((resolve) => (refuse = resolve));
    const first = bench.propose('a');
    bench.endTurn();
    await Promise.resolve();
    await Promise.resolve();
    expect(bench.submitted).toHaveLength(1);
    bench.verdict = () => Promise.resolve(undefined);
    expect(await proposeOne(bench)).toBe('n1:7:2');
    refuse(reject('wrong_epoch', 'a key of the epoch before'));
    expect(idsOf([await first])).toEqual(['n1:7:1']);
    for (let i = 0; i < 6; i++) {
      await proposeOne(bench);
      decide(bench, bench.submitted.at(-1)!);
    }
    expect(await proposeOne(bench)).toBe('pool_full');
  });

  const rows: readonly [string, readonly number[], readonly number[]][] = [
    ['as many as an envelope may have', [1, 1, 1], [3]],
    ['one more than that', [1, 1, 1, 1], [3, 1]],
    ['more bytes than an envelope may share', [200, 200, 10], [1, 2]],
    ['a large one between small ones', [10, 900, 10], [1, 1, 1]],
    ['a large one alone', [900], [1]],
  ];
  it.each(rows)('are packed in order: %s', async (_, sizes, groups) => {
    const bench = new Bench();
    const answers = sizes.map((size) => bench.propose('x'.repeat(size)));
    bench.endTurn();
    const ids = idsOf(await Promise.all(answers));
    expect(bench.signed.map(({ requests }) => requests.length)).toEqual(groups);
    expect(ids).toEqual(sizes.map((_, index) => `n1:7:${String(index + 1)}`));
  });

  it('are refused when no envelope could hold the proposal', async () => {
    const bench = new Bench();
    expect(await bench.propose('x'.repeat(1000))).toMatchObject({ code: 'oversized' });
    expect(bench.nextNonce).toBe(1n);
  });

  it('are refused beyond the bound of those that wait', async () => {
    const bench = new Bench({ pendingMax: 2 });
    void bench.propose(1);
    void bench.propose(2);
    expect(await bench.propose(3)).toMatchObject({ code: 'pool_full' });
    expect(bench.gateway.waiting).toBe(2);
  });

  it('all hear the reason when the pool refuses their envelope', async () => {
    const bench = new Bench();
    bench.verdict = () => Promise.resolve(reject('pool_full', 'full'));
    const answers = [bench.propose(1), bench.propose(2)];
    bench.endTurn();
    expect(idsOf(await Promise.all(answers))).toEqual(['pool_full', 'pool_full']);
    expect([bench.gateway.outstanding, bench.proposals.size]).toEqual([0, 0]);
  });

  it('all hear of a host that stopped, and of a counter that failed', async () => {
    const stopped = new Bench();
    stopped.verdict = () => Promise.reject(new Error('stopped'));
    const first = stopped.propose(1);
    stopped.endTurn();
    await expect(first).rejects.toThrow('stopped');
    const failed = new Bench({}, { drawNonces: () => Promise.reject(new Error('disk')) });
    const second = failed.propose(1);
    failed.endTurn();
    await expect(second).rejects.toThrow('disk');
    expect(failed.gateway.outstanding).toBe(0);
  });
});

describe('the span of outstanding nonces', () => {
  const fill = async (bench: Bench, count: number): Promise<string[]> => {
    const answers = Array.from({ length: count }, (_, index) => bench.propose(index));
    bench.endTurn();
    return idsOf(await Promise.all(answers));
  };

  it('stays below the window, and frees when the oldest is executed', async () => {
    const bench = new Bench();
    expect(await fill(bench, 10)).toEqual([
      ...[1, 2, 3, 4, 5, 6].map((nonce) => `n1:7:${String(nonce)}`),
      ...['pool_full', 'pool_full', 'pool_full'],
      'n1:7:7',
    ]);
    bench.gateway.onCommitted(blockOf(1, [bench.submitted[1]!]));
    expect(await fill(bench, 3)).toEqual(['pool_full', 'pool_full', 'pool_full']);
    bench.gateway.onCommitted(blockOf(2, [bench.submitted[0]!]));
    expect(await fill(bench, 3)).toEqual(['n1:7:8', 'n1:7:9', 'n1:7:10']);
  });

  it('counts the numbers that a counter skips', async () => {
    const bench = new Bench();
    expect(await fill(bench, 1)).toEqual(['n1:7:1']);
    bench.nextNonce = 9n;
    expect(await fill(bench, 1)).toEqual(['pool_full']);
  });

  it('signs nothing for those that are refused', async () => {
    const bench = new Bench({ requestsMax: 20 });
    expect(new Set(await fill(bench, 9))).toEqual(
      new Set(['n1:7:1', ...Array.from({ length: 8 }, (_, i) => `n1:7:${String(i + 2)}`)]),
    );
    expect(await fill(bench, 1)).toEqual(['pool_full']);
    expect(bench.signed).toHaveLength(1);
  });
});

describe('clients with a key', () => {
  const own = clientEnvelope(5, 40, 'a', 'b');
  const open: Partial<GatewayPorts> = { openEnvelope: () => own };

  it('hand in their own envelope under their own ids', async () => {
    const bench = new Bench({}, open);
    const client = own.signerKey.slice(2);
    const accepted = await bench.gateway.submit(own.bytes);
    expect(accepted).toMatchObject({ firstId: `${client}:40`, lastId: `${client}:41` });
    expect([bench.submitted, bench.signed]).toEqual([[own], []]);
  });

  it.each([
    ['that cannot be opened', {}, 'malformed'],
    ["of another member's gateway", { openEnvelope: () => gatewayEnvelope('n2', 1, 'x') }, 'inauthentic_request'],
    ['with a value that is no JSON', { ...open, isJson: () => false }, 'malformed'],
  ] as const)('are refused with an envelope %s', async (_, ports, code) => {
    const bench = new Bench({}, ports);
    expect(await bench.gateway.submit(own.bytes)).toMatchObject({ code });
    expect([bench.submitted.length, bench.proposals.size]).toEqual([0, 0]);
  });

  it('may hand in the same envelope twice: both wait for one decision', async () => {
    const bench = new Bench({}, open);
    const first = await bench.gateway.submit(own.bytes);
    bench.verdict = () => Promise.resolve(reject('redundant', 'waits already'));
    const second = await bench.gateway.submit(own.bytes);
    if (isRejection(first) || isRejection(second)) throw new Error('refused');
    const executions = [first, second].map(({ submission }) => bench.proposals.executionOf(submission, millis(9_999)));
    bench.proposals.onCommitted(blockOf(4, [own]), [3]);
    expect((await Promise.all(executions)).map((execution) => execution?.block.sequence)).toEqual([4, 4]);
  });

  it('get the answer once more when they missed it, and a refusal when the nonce went to another content', async () => {
    const executed = { block: blockOf(6, [own]), envelopeIndex: 0, outcomes: Uint8Array.of(0, 0), durationMs: 1 };
    const again = new Bench({}, { ...open, executionOf: () => Promise.resolve(executed) });
    const other = new Bench({}, open);
    again.verdict = other.verdict = () => Promise.resolve(reject('nonce_used', 'used'));
    expect(await again.gateway.submit(own.bytes)).toMatchObject({ submission: { executed } });
    expect(await other.gateway.submit(own.bytes)).toMatchObject({ code: 'nonce_used' });
  });

  it('get the answer once more also when their envelope came out as refused, whose nonces are not used', async () => {
    const executed = { block: blockOf(6, [own]), envelopeIndex: 0, outcomes: Uint8Array.of(3, 3), durationMs: 1 };
    const bench = new Bench({}, { ...open, executionOf: () => Promise.resolve(executed) });
    bench.verdict = () => Promise.resolve(reject('redundant', 'it was ordered'));
    expect(await bench.gateway.submit(own.bytes)).toMatchObject({ submission: { executed } });
    expect(bench.proposals.submitted).toBe(0);
  });

  it('are forgotten when the pool refuses them', async () => {
    const bench = new Bench({}, open);
    bench.verdict = () => Promise.resolve(reject('pool_full', 'full'));
    expect(await bench.gateway.submit(own.bytes)).toMatchObject({ code: 'pool_full' });
    expect(bench.proposals.size).toBe(0);
  });
});

describe('bounds from the table', () => {
  const table = { batchRequestsMax: 1000 } as Parameters<typeof packLimits>[0];
  it('keep certificates small and fit the smallest batch', () => {
    expect(packLimits(table, 500_000, 500)).toEqual({
      requestsMax: 100,
      sharedBytesMax: 32_768,
      requestBytesMax: 499_600,
    });
    expect(packLimits(table, 1_000, 50)).toEqual({ requestsMax: 50, sharedBytesMax: 600, requestBytesMax: 600 });
  });
});
