import { OutboundBudget } from './outbound-budget';

/** A budget of 800 bytes: a probe for every 100. */
function pipe() {
  const probes: { acknowledge: () => void; lose: () => void }[] = [];
  const probe = (): Promise<void> =>
    new Promise((resolve, reject) => {
      probes.push({ acknowledge: resolve, lose: () => reject(new Error('lost')) });
    });
  return { budget: new OutboundBudget(800, probe), probes };
}

const turn = (): Promise<void> => Promise.resolve().then(() => undefined);

describe('OutboundBudget', () => {
  it('admits up to its bound, and again what was acknowledged', async () => {
    const { budget, probes } = pipe();
    for (let sent = 0; sent < 8; sent += 1) budget.onSent(100);
    expect([budget.admits(0), budget.admits(1), probes.length]).toEqual([true, false, 8]);
    probes[0]?.acknowledge();
    await turn();
    expect([budget.admits(100), budget.admits(101)]).toEqual([true, false]);
  });

  it('asks once for many small messages', () => {
    const { budget, probes } = pipe();
    for (let sent = 0; sent < 99; sent += 1) budget.onSent(1);
    expect(probes).toHaveLength(0);
    budget.onSent(1);
    expect(probes).toHaveLength(1);
  });

  it('lets one message through an empty pipe, however large', () => {
    const { budget } = pipe();
    expect(budget.admits(10_000)).toBe(true);
    budget.onSent(10_000);
    expect(budget.admits(1)).toBe(false);
  });

  it('starts over with a new connection, whatever the old one still says', async () => {
    const { budget, probes } = pipe();
    budget.onSent(400);
    budget.onSent(400);
    budget.reset();
    expect(budget.admits(800)).toBe(true);
    budget.onSent(700);
    probes[0]?.acknowledge();
    probes[1]?.lose();
    await turn();
    expect([budget.admits(100), budget.admits(101)]).toEqual([true, false]);
  });
});
