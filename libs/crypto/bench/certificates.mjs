// From how many signers on one BLS12-381 aggregate is checked faster than a list of Ed25519 signatures, on this machine:
// `npx nx run crypto:bench`, or `node libs/crypto/bench/certificates.mjs [rounds per row]`.
import { randomBytes } from 'node:crypto';
import { builtCrypto } from './built.mjs';

const SIGNERS_MIN = 3;
const SIGNERS_MAX = 101;
const STATEMENT_BYTES = 145;
const rounds = Number(process.argv[2] ?? 25);

const crypto = await builtCrypto();
const { publicKeyOf, sign, verify, name } = crypto.fastestEd25519();
const random = (length) => new Uint8Array(randomBytes(length));

function measured(action) {
  const start = process.hrtime.bigint();
  if (!action()) throw new Error('what was signed does not verify');
  return Number(process.hrtime.bigint() - start) / 1000;
}
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

// Each member's Ed25519 statement names its sender; an aggregate is over one message for all.
const listed = Array.from({ length: SIGNERS_MAX }, () => {
  const seed = random(32);
  const message = random(STATEMENT_BYTES);
  return { publicKey: publicKeyOf(seed), message, signature: sign(seed, message) };
});
const message = random(STATEMENT_BYTES);
const signers = Array.from({ length: SIGNERS_MAX }, () => crypto.createBlsSigner(crypto.generateBlsKey().privateKey));
const members = signers.map((signer) => ({ publicKey: signer.publicKey, possession: signer.provePossession() }));
const partials = signers.map((signer, sender) => ({ sender, signature: signer.sign(message) }));

const loadingStart = process.hrtime.bigint();
const committee = crypto.loadBlsCommittee(members);
const loadingMs = Number(process.hrtime.bigint() - loadingStart) / 1e6;
if (crypto.isBlsRefusal(committee)) throw new Error(committee.reason);

function row(k) {
  const certificate = committee.aggregate(partials.slice(0, k));
  const list = listed.slice(0, k);
  const times = { list: [], aggregate: [], aggregation: [] };
  // In turns: a machine that slows down slows both.
  for (let round = 0; round < rounds; round++) {
    times.list.push(measured(() => list.every((one) => verify(one.publicKey, one.message, one.signature))));
    times.aggregate.push(measured(() => Array.isArray(committee.verifyAggregate(message, certificate))));
  }
  for (let round = 0; round < 5; round++) {
    times.aggregation.push(measured(() => !crypto.isBlsRefusal(committee.aggregate(partials.slice(0, k)))));
  }
  return Object.fromEntries(Object.entries(times).map(([what, values]) => [what, median(values)]));
}

const figure = (value, digits = 0) => value.toFixed(digits).padStart(10);
console.log(`list: Ed25519 by ${name}; aggregate: BLS12-381 by blst. Medians of ${rounds}, µs.`);
console.log(
  `${'signers'.padStart(10)}${['list', 'aggregate', 'ratio', 'to add up'].map((head) => head.padStart(11)).join('')}`,
);
row(SIGNERS_MAX); // warms up: every key is prepared from here on
let lastCheaperList = SIGNERS_MIN - 1;
let firstCheaperAggregate;
for (let k = SIGNERS_MIN; k <= SIGNERS_MAX; k++) {
  const { list, aggregate, aggregation } = row(k);
  if (list <= aggregate) lastCheaperList = k;
  else firstCheaperAggregate ??= k;
  console.log(
    `${figure(k)} ${figure(list)} ${figure(aggregate)} ${figure(list / aggregate, 2)} ${figure(aggregation)}`,
  );
}
console.log(
  firstCheaperAggregate === undefined
    ? `crossover: none up to ${SIGNERS_MAX} signers`
    : `crossover: the aggregate is cheaper from ${firstCheaperAggregate} signers on; the list for the last time at ${lastCheaperList}`,
);
const signing = (pen) => median(Array.from({ length: 4 * rounds }, () => measured(() => pen(message).length > 0)));
const blsSigning = signing((bytes) => signers[0].sign(bytes));
const edSigning = signing(crypto.fastestEd25519().prepareSigner(random(32)));
console.log(`to sign: Ed25519 ${edSigning.toFixed(0)} µs, BLS12-381 ${blsSigning.toFixed(0)} µs`);
console.log(`a committee of ${SIGNERS_MAX}, loaded with its proofs: ${loadingMs.toFixed(0)} ms`);
