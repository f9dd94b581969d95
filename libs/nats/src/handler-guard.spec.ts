import { InvariantError } from '@concordat/protocol';
import { HandlerGuard } from './handler-guard';

const BYTES = Uint8Array.of(1);
const failing = (error: unknown) => (): void => {
  throw error;
};

describe('HandlerGuard', () => {
  const outside: (() => void)[] = [];
  beforeEach(() => {
    outside.length = 0;
    jest.spyOn(process, 'nextTick').mockImplementation((callback) => {
      outside.push(callback as () => void);
    });
  });
  afterEach(() => jest.restoreAllMocks());

  it('reports what is no Error as one', () => {
    const errors: Error[] = [];
    new HandlerGuard({ onError: (error) => errors.push(error) }).run(failing('text'), BYTES, 't');
    expect(errors).toEqual([new Error('text')]);
  });

  it('ends the process for an InvariantError that nobody takes, and delivers nothing more', () => {
    const guard = new HandlerGuard({});
    const bug = new InvariantError('two digests');
    const delivered: string[] = [];
    guard.run(failing(bug), BYTES, 't');
    guard.run((_bytes, subject) => delivered.push(subject), BYTES, 'after');
    expect(delivered).toEqual([]);
    expect(outside).toHaveLength(1);
    expect(outside[0]).toThrow(bug);
  });

  it.each([
    { name: 'onError', thrown: new Error('handler') },
    { name: 'onFatal', thrown: new InvariantError('handler') },
  ])('throws the exception of $name itself outside', ({ thrown }) => {
    const own = new Error('listener');
    const guard = new HandlerGuard({ onError: failing(own), onFatal: failing(own) });
    expect(() => guard.run(failing(thrown), BYTES, 't')).not.toThrow();
    expect(outside).toHaveLength(1);
    expect(outside[0]).toThrow(own);
  });
});
