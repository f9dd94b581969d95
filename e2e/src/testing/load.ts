import { setTimeout as pause } from 'node:timers/promises';
import type { MemberProcess } from './swarm';

/** A decision that a member acknowledged. */
export interface Acknowledged {
  readonly proposalId: string;
  readonly value: unknown;
  readonly at: number;
}

/** Clients that propose one value after the other at some members, until they are stopped. */
export class Load {
  readonly acknowledged: Acknowledged[] = [];
  private running = true;
  private readonly clients: Promise<void>[];

  constructor(members: readonly MemberProcess[], clientsPerMember = 2) {
    this.clients = members.flatMap((member, index) =>
      Array.from({ length: clientsPerMember }, (_, client) => this.run(member, `${String(index)}-${String(client)}`)),
    );
  }

  /** Stops proposing and waits for the last answers. */
  async stop(): Promise<void> {
    this.running = false;
    await Promise.all(this.clients);
  }

  private async run(member: MemberProcess, name: string): Promise<void> {
    for (let n = 0; this.running; n++) {
      const value = { client: name, n };
      try {
        const body = await member.decide(value);
        this.acknowledged.push({ proposalId: String(body['proposal_id']), value, at: Date.now() });
      } catch {
        // Not acknowledged: nothing is claimed about it. Whoever is down is asked again a little later.
        await pause(20);
      }
    }
  }
}

/** Fails unless every acknowledged decision is there, with its value, at that member. */
export async function expectAllThere(member: MemberProcess, acknowledged: readonly Acknowledged[]): Promise<void> {
  for (const { proposalId, value } of acknowledged) {
    const { status, body } = await member.get(`/api/v1/consensus/${proposalId}`);
    expect({ proposalId, status, state: body['status'], value: body['decided_value'] }).toEqual({
      proposalId,
      status: 200,
      state: 'decided',
      value,
    });
  }
}
