// How fast signatures are checked on this machine: `node libs/crypto/bench/verify.mjs [seconds per row]`.
import { randomBytes } from 'node:crypto';
import { builtCrypto } from './built.mjs';

const secondsPerRow = Number(process.argv[2] ?? 1);
const crypto = await builtCrypto();

function row(name, action) {
  for (let i = 0; i < 3; i++) if (action() === false) throw new Error(`${name}: refused`);
  const end = process.hrtime.bigint() + BigInt(Math.round(secondsPerRow * 1e9));
  const start = process.hrtime.bigint();
  let runs = 0;
  for (; process.hrtime.bigint() < end; runs++) action();
  const microseconds = Number(process.hrtime.bigint() - start) / 1000 / runs;
  console.log(
    `${name.padEnd(44)} ${(1e6 / microseconds).toFixed(0).padStart(9)} /s ${microseconds.toFixed(2).padStart(10)} µs`,
  );
}

const message = new Uint8Array(randomBytes(145)); // a statement's signing bytes
const backends = [crypto.sodiumBackend(), crypto.nodeBackend(), crypto.portableBackend()].filter(Boolean);
const seed = new Uint8Array(randomBytes(32));
for (const backend of backends) {
  const publicKey = backend.publicKeyOf(seed);
  const signature = backend.sign(seed, message);
  const sign = backend.prepareSigner(seed);
  row(`${backend.name} verify, key prepared`, () => backend.verify(publicKey, message, signature));
  row(`${backend.name} key check`, () => backend.acceptsKey(publicKey));
  row(`${backend.name} sign`, () => sign(message));
}
const signature = backends[0].sign(seed, message);
row('acceptance rule on a signature alone', () => crypto.isAcceptableSignature(signature));

const rsa = crypto.createRsaPssSuite();
const pair = rsa.generate();
const rsaSignature = rsa.sign(pair.privateKey, message);
const rsaSign = rsa.prepareSigner(pair.privateKey);
row('rsa-pss-2048 verify, key prepared', () => rsa.verify(pair.publicKey, message, rsaSignature));
row('rsa-pss-2048 sign', () => rsaSign(message));
