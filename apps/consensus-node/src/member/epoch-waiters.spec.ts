import { epoch, millis } from '@concordat/protocol';
import { EpochWaiters } from './epoch-waiters';

const told = (promise: Promise<boolean>): { is?: boolean } => {
  const seen: { is?: boolean } = {};
  void promise.then((begun) => (seen.is = begun));
  return seen;
};
const turn = (): Promise<void> => new Promise((done) => setImmediate(done));

it('callers go home when their epoch or a later one begins, when their time is over, and when the member stops', async () => {
  const waiters = new EpochWaiters();
  const [one, two, late, last] = [
    told(waiters.wait(epoch(1), millis(100))),
    told(waiters.wait(epoch(2), millis(100))),
    told(waiters.wait(epoch(3), millis(50))),
    told(waiters.wait(epoch(3), millis(100))),
  ];
  waiters.begun(epoch(0));
  waiters.sweep(millis(49));
  await turn();
  expect([one, two, late, last]).toEqual([{}, {}, {}, {}]);
  waiters.begun(epoch(2));
  waiters.sweep(millis(50));
  await turn();
  expect([one, two, late, last]).toEqual([{ is: true }, { is: true }, { is: false }, {}]);
  waiters.close();
  await turn();
  expect(last).toEqual({ is: false });
});
