import { fastestEd25519 } from './fastest';
import { sodiumBackend } from './sodium';

jest.mock('sodium-native', () => {
  throw new Error('No native build was found');
});

it('takes node:crypto on a platform without libsodium’s binary', () => {
  expect(sodiumBackend()).toBeUndefined();
  expect(fastestEd25519().name).toBe('node:crypto');
  expect(fastestEd25519()).toBe(fastestEd25519());
});
