import type { MemberIndex, View } from '@concordat/protocol';
import { testCommittee } from '../testing/driver';
import { Pacemaker, type TimeoutOutcome } from './pacemaker';

const createPacemaker = (members = 4): Pacemaker =>
  new Pacemaker(testCommittee(members), { baseMs: 100, doublingsMax: 3 });

/** TIMEOUTs of members, in that order; what the last one leads to. */
function after(
  pacemaker: Pacemaker,
  ...timeouts: readonly (readonly [member: number, view: number])[]
): TimeoutOutcome {
  let outcome: TimeoutOutcome = { join: undefined, complete: undefined };
  for (const [member, view] of timeouts) outcome = pacemaker.onTimeout(member as MemberIndex, view as View);
  return outcome;
}

describe('views', () => {
  it('begin with 1, and go on with each certificate, never back', () => {
    const pacemaker = createPacemaker();
    expect(pacemaker.view).toBe(1);
    expect(pacemaker.onCertified(1 as View)).toBe(true);
    expect(pacemaker.view).toBe(2);
    expect(pacemaker.onCertified(1 as View)).toBe(false);
    expect(pacemaker.onGivenUp(6 as View)).toBe(true);
    expect(pacemaker.view).toBe(7);
    expect(pacemaker.onGivenUp(6 as View)).toBe(false);
  });

  it('last longer after each that failed, up to a cap; only a decision makes them short again', () => {
    const pacemaker = createPacemaker();
    const lengths = [1, 2, 3, 4, 5].map((view) => {
      pacemaker.onGivenUp(view as View);
      return pacemaker.lengthMs;
    });
    expect(lengths).toEqual([200, 400, 800, 800, 800]);
    pacemaker.onCertified(6 as View);
    expect(pacemaker.lengthMs).toBe(800);
    pacemaker.onDecided();
    expect(pacemaker.lengthMs).toBe(100);
  });

  it('that were skipped count as failed', () => {
    const pacemaker = createPacemaker();
    pacemaker.onGivenUp(2 as View);
    expect(pacemaker.lengthMs).toBe(400);
  });
});

describe('giving a view up', () => {
  it('takes a quorum for that very view', () => {
    const pacemaker = createPacemaker();
    expect(after(pacemaker, [0, 1], [1, 1]).complete).toBeUndefined();
    expect(after(pacemaker, [2, 2]).complete).toBeUndefined();
    expect(after(pacemaker, [3, 1]).complete).toBe(1);
    expect(pacemaker.signersOf(1 as View)).toEqual([0, 1, 3]);
  });

  it('counts members, not messages', () => {
    const pacemaker = createPacemaker();
    expect(after(pacemaker, [0, 1], [0, 1], [0, 1])).toEqual({ join: undefined, complete: undefined });
    expect(pacemaker.signersOf(1 as View)).toEqual([0]);
  });

  it('hears nobody about views that are over', () => {
    const pacemaker = createPacemaker();
    pacemaker.onCertified(4 as View);
    expect(after(pacemaker, [0, 4], [1, 4], [2, 4])).toEqual({ join: undefined, complete: undefined });
  });

  it('forgets who gave up views that are over', () => {
    const pacemaker = createPacemaker();
    after(pacemaker, [0, 1], [1, 1]);
    pacemaker.onCertified(1 as View);
    expect(after(pacemaker, [2, 2])).toEqual({ join: undefined, complete: undefined });
    expect(pacemaker.signersOf(1 as View)).toEqual([]);
  });

  it('is known of this member', () => {
    const pacemaker = createPacemaker();
    expect(pacemaker.gaveUp).toBe(false);
    pacemaker.giveUp(1 as View);
    expect(pacemaker.gaveUp).toBe(true);
    pacemaker.onGivenUp(1 as View);
    expect(pacemaker.gaveUp).toBe(false);
  });
});

describe('following others', () => {
  it('takes f + 1 of them: one alone may lie', () => {
    const pacemaker = createPacemaker();
    expect(after(pacemaker, [1, 9]).join).toBeUndefined();
    expect(after(pacemaker, [2, 5]).join).toBe(5);
  });

  it('goes as far as f + 1 members went', () => {
    const pacemaker = createPacemaker(7);
    expect(after(pacemaker, [1, 9], [2, 5], [3, 7]).join).toBe(5);
    expect(after(pacemaker, [4, 8]).join).toBe(7);
  });

  it('goes nowhere where this member was already', () => {
    const pacemaker = createPacemaker();
    pacemaker.giveUp(5 as View);
    expect(after(pacemaker, [1, 5], [2, 5]).join).toBeUndefined();
    expect(after(pacemaker, [3, 6], [1, 6]).join).toBe(6);
  });
});

describe('members whose views drifted apart (scenario 17)', () => {
  /**
   * Three honest members give up the view that each is in, and tell each other again and again; the fourth has said something
   * else to each. `carries`: a TIMEOUT brings along the certificate with which its sender's view began.
   */
  function meet(views: readonly number[], lies: readonly number[], carries: boolean): boolean {
    const members = views.map(() => createPacemaker());
    members.forEach((pacemaker, index) => {
      after(pacemaker, [3, lies[index] ?? 1]);
      pacemaker.onGivenUp(((views[index] ?? 1) - 1) as View);
      pacemaker.giveUp(pacemaker.view);
    });
    const said = members.map(({ view }) => view);
    for (let round = 0; round < 20; round++) {
      for (const [to, pacemaker] of members.entries()) {
        for (const [from, sender] of members.entries()) {
          if (carries && pacemaker.onGivenUp((sender.view - 1) as View))
            said[to] = Math.max(said[to] ?? 0, pacemaker.view) as View;
          const { join, complete } = pacemaker.onTimeout(from as MemberIndex, said[from] as View);
          if (complete !== undefined) return true;
          if (join !== undefined) said[to] = join;
          pacemaker.giveUp(said[to] as View);
        }
      }
    }
    return false;
  }

  it('meet again, whatever a liar said to each', () => {
    for (let seed = 1; seed <= 500; seed++) {
      let state = seed;
      const draw = (below: number): number => (state = (Math.imul(state, 48_271) >>> 0) % 0x7fffffff) % below;
      const views = [1 + draw(12), 1 + draw(12), 1 + draw(12)];
      const lies = [1 + draw(30), 1 + draw(30), 1 + draw(30)];
      expect({ views, lies, met: meet(views, lies, true) }).toEqual({ views, lies, met: true });
    }
  });

  it('because TIMEOUTs carry what their views began with: f + 1 that went on are not enough where f of them lie', () => {
    expect(meet([10, 8, 7], [21, 4, 7], false)).toBe(false);
    expect(meet([10, 8, 7], [21, 4, 7], true)).toBe(true);
  });
});
