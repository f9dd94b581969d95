import { OBSERVER, type Authentic, type MemberIndex } from '@concordat/protocol';
import type { AdmissionsChecker } from './checkers/admissions';
import type { ConductChecker } from './checkers/conduct';
import { nodeName } from './epoch-history';
import type { SimulatedMember } from './member';
import type { NodeKeys } from './node-keys';
import type { Operators } from './operators';
import type { Change } from './schedule';
import type { StubSignatures } from './stub-keys';

/** The swarm that a desk belongs to. */
export interface Served {
  readonly members: readonly SimulatedMember[];
  readonly signatures: StubSignatures;
  readonly admissions: AdmissionsChecker;
  readonly conduct: ConductChecker;
}

/** Where what people want comes in, before it is an event of a node. */
export class FrontDesk {
  constructor(
    private readonly swarm: Served,
    private readonly operators: Operators,
    private readonly keys: readonly NodeKeys[],
  ) {}

  /**
   * Asks for a change at a node that is a member and runs. False when there is none now, or when an isolation lacks its proof
   * and somebody may still find one: `isLast` for who asks all the same.
   */
  ask(change: Change, now: number, isLast: boolean): boolean {
    const { members, conduct } = this.swarm;
    const evidence = conduct.proofs.get(change.node as MemberIndex);
    if (change.kind === 'isolate' && evidence === undefined && !isLast) return false;
    for (let tried = 0; tried < members.length; tried++) {
      const node = members[(change.to + tried) % members.length];
      const tenure = node?.tenure;
      if (node === undefined || tenure === undefined || tenure.self === OBSERVER || !node.isCorrect) continue;
      const outlook = { committee: tenure.committee, state: tenure.engine.state(), evidence };
      node.submit(this.operators.envelopeOf(change, outlook, now) as Authentic);
      return true;
    }
    return false;
  }

  /**
   * Hands an envelope in as a host does: it opens what a client brings, by the keys of its epoch, and a gateway signs with the
   * key that it has by then.
   */
  handIn(node: SimulatedMember, envelope: Authentic): void {
    const { signatures, admissions } = this.swarm;
    const { tenure } = node;
    if (tenure === undefined || signatures.verifyEnvelopeIn(tenure.committee, envelope)) {
      node.submit(envelope);
      return;
    }
    const { signer, firstNonce, requests } = envelope;
    const isOwn = signer.kind === 'gateway' && signer.nodeId === nodeName(node.index);
    const key = isOwn ? this.keys[node.index]?.in(tenure.committee) : undefined;
    if (key === undefined) admissions.turnedAway(node.index, envelope);
    else node.submit(signatures.signEnvelope({ signer, firstNonce, requests }, key) as Authentic);
  }
}
