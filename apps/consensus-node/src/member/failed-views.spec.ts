import { sequence, view } from '@concordat/protocol';
import { FailedViews } from './failed-views';

describe('views that failed', () => {
  it('follow from the view of a decision: each block takes one', () => {
    const views = new FailedViews(sequence(32));
    views.onDecided(sequence(33), view(1));
    expect(views).toMatchObject({ total: 0, sinceDecision: 0 });
    views.onDecided(sequence(36), view(6));
    expect(views).toMatchObject({ total: 2, sinceDecision: 0 });
  });

  it('are counted here after the last decision, and belong to the next one', () => {
    const views = new FailedViews(sequence(0));
    views.onDecided(sequence(1), view(1));
    views.onFailed();
    views.onFailed();
    expect(views).toMatchObject({ total: 2, sinceDecision: 2 });
    views.onDecided(sequence(2), view(4));
    expect(views).toMatchObject({ total: 2, sinceDecision: 0 });
  });

  it('are those of the epoch: a decision before it tells nothing, and one that comes late takes nothing back', () => {
    const views = new FailedViews(sequence(32));
    views.onDecided(sequence(32), view(40));
    expect(views.total).toBe(0);
    views.onDecided(sequence(34), view(5));
    views.onDecided(sequence(33), view(1));
    expect(views.total).toBe(3);
  });
});
