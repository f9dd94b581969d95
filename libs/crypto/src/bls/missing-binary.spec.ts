import { createEd25519Suite, generateBlsKey } from '../index';

jest.mock('@chainsafe/blst', () => {
  throw new Error('no binary');
});

it('says what is missing when BLS is wanted, and stops nothing else', () => {
  const ed25519 = createEd25519Suite();
  const { publicKey, privateKey } = ed25519.generate();
  expect(ed25519.verify(publicKey, publicKey, ed25519.sign(privateKey, publicKey))).toBe(true);
  expect(() => generateBlsKey()).toThrow('BLS needs @chainsafe/blst, which does not load on this platform');
});
