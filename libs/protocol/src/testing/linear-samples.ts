import type { Batch } from '../batch';
import { blockDigest } from '../block';
import { NULL_DIGEST, portableHash } from '../hash';
import { sequence, view } from '../ids';
import { timeoutDigest } from '../quorum-certificates';
import type { Draft } from '../seal';
import type { Sample } from './sample';
import { someContent, someDigest, type Named, type TestSwarm } from './swarm';

/** A proposal of the null batch without its digest, which is made here. */
type ProposalFields = Omit<Extract<Draft, { kind: 'proposal' }>, 'kind' | 'digest' | 'batchDigest'>;

/** A proposal under its block's digest. */
export function proposalOf(fields: ProposalFields): Extract<Draft, { kind: 'proposal' }> {
  const batchDigest = fields.batch?.digest ?? NULL_DIGEST;
  const { view: inView, sequence: height, parent } = fields;
  const digest = blockDigest(portableHash, { view: inView, sequence: height, parent, batch: batchDigest });
  return { kind: 'proposal', ...fields, batchDigest, digest };
}

/** The kinds of the linear engine, each optional part both there and absent. Valid in a swarm of four of that engine. */
export function linearSamples(swarm: TestSwarm, batch: Batch): Sample[] {
  const { root } = swarm;
  const block = { view: 5, sequence: 9, digest: someDigest('block 9') };
  const named: Named = block;
  const parent = { view: view(5), digest: block.digest };
  const justify = swarm.quorumCertificate(block, [0, 1, 3]);
  const timeouts = swarm.timeoutCertificate(7, [
    [0, { view: 2, digest: someDigest('block 7') }],
    [1, named],
    [3, root],
  ]);
  const unstarted = swarm.timeoutCertificate(1, [
    [1, root],
    [2, root],
    [3, root],
  ]);
  const proposed = proposalOf({
    view: view(6),
    sequence: sequence(10),
    parent,
    justify,
    timeouts: undefined,
    batch,
  });
  const none = { justify: undefined, timeouts: undefined };
  const given = { view: view(8), sequence: sequence(0), justify, timeouts };
  const rows: [name: string, description: string, sender: number, draft: Draft][] = [
    ['proposal', 'The leader of view 6 proposes a batch on the block of view 5.', 3, proposed],
    [
      'proposal first',
      "The epoch's first, on its root.",
      0,
      proposalOf({ view: view(1), sequence: sequence(1), parent: root, ...none, batch }),
    ],
    [
      'proposal after-timeout',
      'View 7 was given up: the leader of view 8 proposes the null batch on the newest block that a quorum knew.',
      0,
      proposalOf({ view: view(8), sequence: sequence(10), parent, justify, timeouts, batch: undefined }),
    ],
    [
      'vote',
      'A vote for that block of view 6, for the leader of view 7.',
      1,
      { kind: 'vote', view: view(6), sequence: sequence(10), digest: proposed.digest },
    ],
    [
      'timeout',
      'Gives view 8 up, which began with a timeout certificate for view 7.',
      2,
      { kind: 'timeout', ...given, highest: parent, digest: timeoutDigest(portableHash, parent) },
    ],
    [
      'timeout first',
      'Gives view 1 up, with nothing certified.',
      1,
      {
        kind: 'timeout',
        view: view(1),
        sequence: sequence(0),
        ...none,
        highest: root,
        digest: timeoutDigest(portableHash, root),
      },
    ],
    [
      'syncInfo',
      'View 6 may be entered: a block of view 5 is certified.',
      2,
      { kind: 'syncInfo', view: view(6), sequence: sequence(0), justify, timeouts: undefined },
    ],
    [
      'syncInfo timeouts-only',
      'View 2 may be entered: a quorum gave view 1 up, and nothing is certified.',
      3,
      { kind: 'syncInfo', view: view(2), sequence: sequence(0), justify: undefined, timeouts: unstarted },
    ],
    [
      'stable',
      'The CHECKPOINTs for sequence 8 that its leader collected.',
      1,
      {
        kind: 'stable',
        view: view(0),
        sequence: sequence(8),
        certificate: swarm.checkpointCertificate(8, someContent('state 8'), [0, 1, 3]),
      },
    ],
    [
      'decided chained',
      'Sequence 9 with its batch, decided by votes for the second of two blocks above it.',
      3,
      {
        kind: 'decided',
        view: view(5),
        sequence: sequence(9),
        certificate: swarm.chainCertificate({ view: 5, sequence: 9, digest: batch.digest }, [0, 1, 3]),
        batch,
      },
    ],
    [
      'decided chained-null-batch',
      'Sequence 10, decided as the null batch; views between were given up, so that four blocks stand above it.',
      3,
      {
        kind: 'decided',
        view: view(6),
        sequence: sequence(10),
        certificate: swarm.chainCertificate({ view: 6, sequence: 10, digest: NULL_DIGEST }, [1, 2, 3], {
          parent: named,
          above: [10, 12, 13, 14].map((inView) => ({ view: inView, batch: NULL_DIGEST })),
        }),
        batch: undefined,
      },
    ],
  ];
  return rows.map(([name, description, sender, draft]) => ({ name, description, message: swarm.seal(sender, draft) }));
}
