import { checkEpochChange } from './epoch-change';
import { epochTableHash } from './epoch-table-codec';
import { NULL_DIGEST, portableHash } from './hash';
import { epoch, memberIndex, nodeId, sequence, view, type Digest } from './ids';
import { MESSAGE_KINDS, type ContentOf, type MessageKind, type Signed, type Statement } from './messages';
import { sampleMessage, sampleMessages, someBatch } from './testing/samples';
import { createSwarm, someContent, someDigest, someRequest, type TestSwarm } from './testing/swarm';
import { checkContent, checkMembership, isNullDigest } from './validity';

const swarm = createSwarm();
const linear = createSwarm({ engine: 'hotstuff' });
const kinds = Object.keys(MESSAGE_KINDS) as MessageKind[];
const at = { view: 5, sequence: 9, digest: someDigest('batch') };
const verdict = (message: Signed): string | undefined => {
  const rejection = checkContent(swarm.context, message);
  return rejection === undefined ? undefined : `${rejection.code}: ${rejection.reason}`;
};

describe('checkMembership', () => {
  /** Kinds that one engine only speaks; its swarm comes first. */
  const engines: [kind: MessageKind, own: TestSwarm, other: TestSwarm][] = [
    ...(['prePrepare', 'prepare', 'commit', 'viewChange', 'newView'] as const).map(
      (kind): [MessageKind, TestSwarm, TestSwarm] => [kind, swarm, linear],
    ),
    ...(['proposal', 'vote', 'timeout', 'syncInfo', 'stable'] as const).map(
      (kind): [MessageKind, TestSwarm, TestSwarm] => [kind, linear, swarm],
    ),
  ];
  const ownOf = (kind: MessageKind): TestSwarm => engines.find(([named]) => named === kind)?.[1] ?? swarm;

  it.each(kinds)('%s: of a member in this epoch, and from the leader where only it may speak', (kind) => {
    const leads = kind === 'prePrepare' || kind === 'newView' || kind === 'proposal';
    const by = ownOf(kind);
    // View 5 of PBFT is member 1's; of the linear engine, where each has two in a row, member 2's.
    const leader = by === swarm ? 1 : 2;
    for (let sender = 0; sender < 4; sender++)
      expect(checkMembership(by.committee, by.statement(kind, sender, at))?.code).toBe(
        leads && sender !== leader ? 'not_the_leader' : undefined,
      );
  });

  it.each(engines)('%s: in a swarm of its own engine only', (kind, own, other) => {
    for (let sender = 0; sender < 4; sender++)
      expect(checkMembership(other.committee, other.statement(kind, sender, at))).toMatchObject({
        code: 'malformed',
        reason: `${kind} in a swarm whose engine is ${other.committee.table.engine}`,
      });
    expect([own, other].map(({ committee }) => committee.table.engine).sort()).toEqual(['hotstuff', 'pbft']);
  });

  it('all other kinds are both engines’', () => {
    for (const kind of kinds.filter((all) => !engines.some(([named]) => named === all)))
      for (const by of [swarm, linear])
        expect(checkMembership(by.committee, by.statement(kind, 1, at))).toBeUndefined();
  });

  it.each(kinds)('%s: neither of a stranger nor of another epoch', (kind) => {
    const by = ownOf(kind);
    const check = (said: Statement): string | undefined => checkMembership(by.committee, said)?.code;
    const statement = by.statement(kind, 1, at);
    expect(check({ ...statement, sender: memberIndex(4) })).toBe('not_a_member');
    expect(check({ ...statement, sender: memberIndex(0xffff) })).toBe('not_a_member');
    expect(check({ ...statement, epoch: epoch(1) })).toBe('wrong_epoch');
    expect(check({ ...statement, epoch: epoch(1), sender: memberIndex(4) })).toBe('wrong_epoch');
  });
});

describe('checkContent', () => {
  it.each(sampleMessages(swarm))('$name holds', ({ message }) => expect(verdict(message)).toBeUndefined());

  const batch = someBatch(swarm);
  const [gateway, client] = batch.envelopes;
  const stable = swarm.checkpointCertificate(8, someContent('8'), [0, 1, 3]);
  const slot = { view: 1, sequence: 9, digest: batch.digest };
  const prepared = swarm.preparedCertificate(slot, [0, 3]);
  const certificate = swarm.commitCertificate(slot, [0, 1, 3]);
  const newView = sampleMessage(swarm, 'newView') as Signed<ContentOf<'newView'>>;
  const viewChange = sampleMessage(swarm, 'viewChange') as Signed<ContentOf<'viewChange'>>;
  const decided = sampleMessage(swarm, 'decided') as Signed<ContentOf<'decided'>>;
  const prePrepare = sampleMessage(swarm, 'prePrepare') as Signed<ContentOf<'prePrepare'>>;
  const requests = sampleMessage(swarm, 'requests') as Signed<ContentOf<'requests'>>;
  const snapshot = sampleMessage(swarm, 'snapshot') as Signed<ContentOf<'snapshot'>>;
  const supply = sampleMessage(swarm, 'batch') as Signed<ContentOf<'batch'>>;
  const vote = (kind: MessageKind, sender: number, where: Partial<typeof at>): Signed => {
    const statement = swarm.statement(kind, sender, { ...at, ...where });
    return { ...statement, signature: swarm.sign(statement) } as Signed;
  };
  const genesisState = 'malformed: sequence 0 is not above 0, where the epoch begins';

  const rows: [what: string, message: Signed, expected: string][] = [
    ['PRE-PREPARE for sequence 0', { ...prePrepare, sequence: sequence(0) }, genesisState],
    ['PREPARE for sequence 0', vote('prepare', 2, { sequence: 0 }), genesisState],
    ['COMMIT for sequence 0', vote('commit', 2, { sequence: 0 }), genesisState],
    [
      'PREPARE of the leader',
      vote('prepare', 1, {}),
      "malformed: a leader's PRE-PREPARE is its only vote of that phase",
    ],
    [
      'CHECKPOINT for sequence 0',
      { ...sampleMessage(swarm, 'checkpoint'), sequence: sequence(0) },
      'malformed: sequence 0 is not above 0, where the epoch begins',
    ],
    [
      'CHECKPOINT between',
      { ...sampleMessage(swarm, 'checkpoint'), sequence: sequence(12) },
      'malformed: 12 is no checkpoint sequence',
    ],
    [
      'a batch with an envelope that its gateway did not sign',
      { ...prePrepare, batch: { ...batch, envelopes: [client!, { ...gateway!, signature: client!.signature }] } },
      `inauthentic_request: envelope ${gateway!.id} of g:n1`,
    ],
    [
      'an envelope of a gateway that is no member',
      {
        ...requests,
        envelopes: [{ ...gateway!, signer: { kind: 'gateway', nodeId: nodeId('n4'), acceptedView: view(0) } }],
      },
      `inauthentic_request: envelope ${gateway!.id} of g:n1`,
    ],
    [
      'an envelope that another member signed in its name',
      {
        ...requests,
        envelopes: [{ ...gateway!, signature: swarm.gatewayEnvelope(2, 1n, gateway!.requests).signature }],
      },
      `inauthentic_request: envelope ${gateway!.id} of g:n1`,
    ],
    [
      'an envelope of another swarm',
      { ...requests, envelopes: [createSwarm({ name: 'other' }).clientEnvelope('client', 1n, [someRequest('a')])] },
      `inauthentic_request: envelope ${createSwarm({ name: 'other' }).clientEnvelope('client', 1n, [someRequest('a')]).id} of ${client!.signerKey}`,
    ],
    [
      'a batch that was asked for by its digest, with an envelope that nobody signed',
      {
        ...supply,
        batch: { ...batch, envelopes: [{ ...gateway!, signature: new Uint8Array(64) }] },
      },
      `inauthentic_request: envelope ${gateway!.id} of g:n1`,
    ],
    [
      'SNAPSHOT with a light certificate',
      {
        ...snapshot,
        certificate: { ...snapshot.certificate, signatures: snapshot.certificate.signatures.slice(1) },
      },
      'bad_certificate: checkpoint certificate: weight 2 is below the quorum of 3',
    ],
    [
      'SNAPSHOT of a state that is longer than the certified one',
      { ...snapshot, shape: { ...snapshot.shape, bytes: snapshot.shape.bytes + 1 } },
      'bad_certificate: snapshot: the state is not the certified one',
    ],
    [
      'SNAPSHOT of another state than the certified one',
      { ...snapshot, shape: { ...snapshot.shape, root: someDigest('other') } },
      'bad_certificate: snapshot: the state is not the certified one',
    ],
    ['VIEW-CHANGE for view 0', { ...viewChange, view: view(0) }, 'malformed: view 0 needs no VIEW-CHANGE'],
    [
      'VIEW-CHANGE with a light checkpoint',
      { ...viewChange, stable: { ...stable, signatures: stable.signatures.slice(1) } },
      'bad_certificate: checkpoint certificate: weight 2 is below the quorum of 3',
    ],
    [
      'VIEW-CHANGE with a prepared certificate that does not hold',
      { ...viewChange, prepared: [{ ...prepared, digest: NULL_DIGEST }] },
      'bad_certificate: prepared certificate: signature of member 0 does not hold',
    ],
    [
      'VIEW-CHANGE whose second certificate has no proposal',
      { ...viewChange, prepared: [prepared, { ...prepared, leaderSignature: new Uint8Array(64) }] },
      "bad_certificate: prepared certificate: the leader's signature does not hold",
    ],
    ['NEW-VIEW for view 0', { ...newView, view: view(0) }, 'malformed: view 0 needs no NEW-VIEW'],
    [
      'NEW-VIEW of two VIEW-CHANGEs',
      { ...newView, viewChanges: newView.viewChanges.slice(1) },
      'bad_certificate: NEW-VIEW: its VIEW-CHANGEs are no quorum',
    ],
    [
      'NEW-VIEW with one VIEW-CHANGE twice',
      { ...newView, viewChanges: [newView.viewChanges[0]!, newView.viewChanges[0]!, newView.viewChanges[1]!] },
      'bad_certificate: NEW-VIEW: its VIEW-CHANGEs are no quorum',
    ],
    [
      'NEW-VIEW with a VIEW-CHANGE of a stranger',
      { ...newView, viewChanges: [...newView.viewChanges.slice(1), { sender: memberIndex(4), digest: NULL_DIGEST }] },
      'bad_certificate: NEW-VIEW: its VIEW-CHANGEs are no quorum',
    ],
    [
      'NEW-VIEW with an entry that is not signed',
      { ...newView, entries: newView.entries.with(1, { ...newView.entries[1]!, signature: new Uint8Array(64) }) },
      "bad_certificate: NEW-VIEW: the leader's signature for 10 does not hold",
    ],
    [
      'NEW-VIEW with another digest in an entry than was signed',
      { ...newView, entries: newView.entries.with(0, { ...newView.entries[0]!, digest: NULL_DIGEST }) },
      "bad_certificate: NEW-VIEW: the leader's signature for 9 does not hold",
    ],
    [
      'NEW-VIEW with entries of another view',
      { ...newView, view: view(6) },
      "bad_certificate: NEW-VIEW: the leader's signature for 9 does not hold",
    ],
    [
      'DECIDED with PREPAREs',
      { ...decided, certificate: { ...certificate, signatures: swarm.votes('prepare', slot, [0, 1, 3]) } },
      'bad_certificate: commit certificate: signature of member 0 does not hold',
    ],
    [
      'DECIDED with Q - 1',
      { ...decided, certificate: { ...certificate, signatures: certificate.signatures.slice(1) } },
      'bad_certificate: commit certificate: weight 2 is below the quorum of 3',
    ],
  ];
  it.each(rows)('refuses %s', (_, message, expected) => expect(verdict(message)).toBe(expected));

  it('asks for nothing that a host has checked before', () => {
    const asked: string[] = [];
    const context = {
      ...swarm.context,
      verifyEnvelope: ({ id }: { id: string }) => {
        asked.push(id);
        return true;
      },
    };
    expect(checkContent(context, prePrepare)).toBeUndefined();
    expect(asked).toEqual(batch.envelopes.map((envelope) => envelope.id));
    // What DECIDED brings is bound by its certificate: members checked it before they committed.
    expect(checkContent(context, decided)).toBeUndefined();
    expect(asked).toHaveLength(2);
  });
});

describe('checkContent in the linear engine', () => {
  const found = (message: Signed): string | undefined => {
    const rejection = checkContent(linear.context, message);
    return rejection === undefined ? undefined : `${rejection.code}: ${rejection.reason}`;
  };
  const batch = someBatch(linear);
  const [gateway] = batch.envelopes;
  const proposal = sampleMessage(linear, 'proposal') as Signed<ContentOf<'proposal'>>;
  const timeout = sampleMessage(linear, 'timeout') as Signed<ContentOf<'timeout'>>;
  const sync = sampleMessage(linear, 'syncInfo') as Signed<ContentOf<'syncInfo'>>;
  const stable = sampleMessage(linear, 'stable') as Signed<ContentOf<'stable'>>;
  const decided = sampleMessage(linear, 'decided', 'decided chained') as Signed<ContentOf<'decided'>>;
  const vote = (where: Partial<typeof at>): Signed => {
    const statement = linear.statement('vote', 2, { ...at, ...where });
    return { ...statement, signature: linear.sign(statement) } as Signed;
  };
  const light = 'weight 2 is below the quorum of 3';

  it.each(sampleMessages(linear))('$name holds', ({ message }) => expect(found(message)).toBeUndefined());

  it('takes votes for any block, of any view but the root’s', () => {
    expect(found(vote({}))).toBeUndefined();
    expect(found(vote({ view: 0 }))).toBe('malformed: view 0 is the root of the epoch, which needs no votes');
    expect(found(vote({ sequence: 0 }))).toBe('malformed: sequence 0 is not above 0, where the epoch begins');
  });

  const rows: [what: string, message: Signed, expected: string][] = [
    [
      'a proposal for sequence 0',
      { ...proposal, sequence: sequence(0) },
      'malformed: sequence 0 is not above 0, where the epoch begins',
    ],
    [
      'a proposal on another block',
      { ...proposal, parent: linear.root },
      'malformed: the parent is not the certified block',
    ],
    [
      'a proposal on a light certificate',
      { ...proposal, justify: { ...proposal.justify!, signatures: proposal.justify!.signatures.slice(1) } },
      `bad_certificate: quorum certificate: ${light}`,
    ],
    [
      'a proposal with an envelope that nobody signed',
      { ...proposal, batch: { ...batch, envelopes: [{ ...gateway!, signature: new Uint8Array(64) }] } },
      `inauthentic_request: envelope ${gateway!.id} of g:n1`,
    ],
    [
      'a TIMEOUT that names another block than it proves',
      { ...timeout, highest: linear.root },
      'malformed: what it names is not the certified block',
    ],
    [
      'a TIMEOUT in a view that did not begin',
      { ...timeout, timeouts: { ...timeout.timeouts!, timeouts: timeout.timeouts!.timeouts.slice(1) } },
      `bad_certificate: timeout certificate: ${light}`,
    ],
    ['a SYNC-INFO for another view', { ...sync, view: view(7) }, 'malformed: the view below has no certificate'],
    [
      'a STABLE with a light certificate',
      { ...stable, certificate: { ...stable.certificate, signatures: stable.certificate.signatures.slice(1) } },
      `bad_certificate: checkpoint certificate: ${light}`,
    ],
    [
      'DECIDED without a chain',
      { ...decided, certificate: linear.commitCertificate({ ...slotOf(decided) }, [0, 1, 3]) },
      'bad_certificate: commit certificate: it has no chain',
    ],
    [
      'DECIDED at a height that no field holds, without a throw',
      { ...decided, certificate: { ...decided.certificate, sequence: sequence(Number.MAX_SAFE_INTEGER) } },
      'bad_certificate: commit certificate: its heights end above 2^53-1',
    ],
  ];
  it.each(rows)('refuses %s', (_, message, expected) => expect(found(message)).toBe(expected));

  it('looks at no envelope before the certificates hold: they are few, and envelopes may be many', () => {
    const context = {
      ...linear.context,
      verifyEnvelope: () => {
        throw new Error('asked');
      },
    };
    expect(checkContent(context, { ...proposal, sequence: sequence(11) })?.reason).toBe('height 11 on a block at 9');
  });
});

function slotOf({ certificate }: ContentOf<'decided'>): { view: number; sequence: number; digest: Digest } {
  const { view: inView, sequence: height, digest } = certificate;
  return { view: inView, sequence: height, digest };
}

it('an epoch cannot change the engine', () => {
  const { table } = linear.committee;
  const next = { ...table, epoch: epoch(1), baseSequence: sequence(32), engine: 'pbft' as const };
  const content = {
    stateDigest: someDigest('state'),
    boundary: sequence(32),
    nextTableHash: epochTableHash(portableHash, next),
  };
  const certificate = linear.checkpointCertificate(32, content, [0, 1, 2]);
  const change = { table: next, certificate };
  expect(checkEpochChange(linear.committee, portableHash, change, linear.context.verifyStatement)?.reason).toBe(
    'epoch change: the engine becomes pbft',
  );
});

it('knows the null digest', () => {
  expect(isNullDigest(NULL_DIGEST)).toBe(true);
  expect(isNullDigest(someDigest('batch'))).toBe(false);
});
