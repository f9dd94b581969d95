import { memberIndex, type Signed, type VoteSignature } from '@concordat/protocol';
import { someDigest, TestSwarm } from './testing/swarm';
import { openCode } from './testing/verdicts';

const swarm = new TestSwarm();
const drafts = swarm.drafts();
const messages = swarm.messages();

describe('certificates inside', () => {
  const at = { sequence: 1, digest: messages.batch.batch.digest };
  const good = swarm.commitCertificate([0, 1, 3], at);
  const decided = (signatures: readonly VoteSignature[]): Signed =>
    swarm.seal(2, { ...drafts.decided.draft, certificate: { ...good, signatures } });
  const commits = (...senders: readonly number[]): readonly VoteSignature[] => swarm.votes('commit', senders, at);
  const viewChange = (...senders: readonly number[]): Signed => {
    const prepared = [swarm.preparedCertificate(senders, { ...at, view: 0, sequence: 9 })];
    return swarm.seal(3, { ...drafts.viewChange.draft, prepared });
  };
  const stable = (...senders: readonly number[]): Signed =>
    swarm.seal(3, { ...drafts.viewChange.draft, stable: swarm.checkpointCertificate(senders, 8), prepared: [] });
  const newView = (senders: readonly number[], entrySigner: number): Signed => {
    const viewChanges = senders.map((sender) => ({ sender: memberIndex(sender), digest: someDigest('view-change') }));
    return swarm.seal(1, { ...drafts.newView.draft, viewChanges }, (statement) =>
      swarm.member(statement.kind === 'prePrepare' ? entrySigner : 1).signStatement(statement),
    );
  };
  const borrowed = good.signatures.map((vote) => ({ ...vote, signature: good.signatures[0]!.signature }));
  const rows = [
    { name: 'a commit certificate of Q', message: decided(commits(0, 1, 3)), code: 'accepted' },
    { name: 'a commit certificate of Q - 1', message: decided(commits(0, 1)), code: 'bad_certificate' },
    { name: 'a commit certificate of nobody', message: decided([]), code: 'bad_certificate' },
    { name: 'a signer that stands twice', message: decided(commits(0, 1, 1)), code: 'malformed' },
    { name: 'signers that do not ascend', message: decided(commits(3, 1, 0)), code: 'malformed' },
    { name: 'a signer that is no member', message: decided(commits(1, 2, 4)), code: 'bad_certificate' },
    { name: "signers with another's signature", message: decided(borrowed), code: 'bad_certificate' },
    {
      name: 'PREPAREs in place of COMMITs',
      message: decided(swarm.votes('prepare', [1, 2, 3], at)),
      code: 'bad_certificate',
    },
    {
      name: 'COMMITs for another digest',
      message: decided(swarm.votes('commit', [0, 1, 2], { sequence: 1 })),
      code: 'bad_certificate',
    },
    { name: 'a prepared certificate of the leader and Q - 1', message: viewChange(1, 2), code: 'accepted' },
    { name: 'a prepared certificate of the leader and Q - 2', message: viewChange(1), code: 'bad_certificate' },
    { name: 'a prepared certificate that counts the leader twice', message: viewChange(0, 1), code: 'bad_certificate' },
    { name: 'a checkpoint certificate of Q', message: stable(1, 2, 3), code: 'accepted' },
    { name: 'a checkpoint certificate of Q - 1', message: stable(1, 2), code: 'bad_certificate' },
    { name: 'a NEW-VIEW over Q', message: newView([0, 1, 2], 1), code: 'accepted' },
    { name: 'a NEW-VIEW over Q - 1', message: newView([0, 1], 1), code: 'bad_certificate' },
    { name: 'a NEW-VIEW with an entry that another signed', message: newView([0, 1, 2], 2), code: 'bad_certificate' },
  ];
  it.each(rows)('$name: $code', ({ message, code }) => expect(openCode(swarm.opener(), message)).toBe(code));
});
