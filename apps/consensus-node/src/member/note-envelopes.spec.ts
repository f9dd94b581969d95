import { type Verified } from '@concordat/protocol';
import { noteEnvelopes } from './note-envelopes';

describe('envelopes that a message brings', () => {
  const envelopes = [{ id: 'a' }, { id: 'b' }];
  it.each([
    ['another pool', { kind: 'requests', envelopes }, ['a', 'b']],
    ['a proposal of PBFT', { kind: 'prePrepare', batch: { envelopes } }, ['a', 'b']],
    ['a block of HotStuff', { kind: 'proposal', batch: { envelopes } }, ['a', 'b']],
    ['a block that orders nothing', { kind: 'proposal', batch: undefined }, []],
    ['a vote', { kind: 'vote' }, []],
  ])('with %s may be asked for', (_, message, ids) => {
    const noted: string[] = [];
    noteEnvelopes({ note: ({ id }) => noted.push(id) }, message as unknown as Verified);
    expect(noted).toEqual(ids);
  });
});
