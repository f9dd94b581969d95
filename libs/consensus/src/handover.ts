import { invariant, reject, type Authentic, type Committee, type Rejection } from '@concordat/protocol';
import { outlivesEpoch } from './member/succession';
import { NOTHING_RECOVERED, type Recovered, type Replica, type WaitingEnvelope } from './replica';

/** What the replica of an ended epoch leaves to that of the next. */
export interface Handover {
  readonly recovered: Recovered;
  readonly waiting: readonly WaitingEnvelope[];
}

/**
 * What a host builds the next epoch's replica from, once everything that led to `epochEnded` is durable: the state at the
 * end, what proves it, proofs against members, and the pool. Votes, views and slots stay behind: they belong to the table
 * that ended. For after that effect only.
 */
export function handoverOf(ended: Pick<Replica, 'base' | 'waiting'>): Handover {
  const { records } = ended.base();
  const state = records.find((record) => record.kind === 'state');
  invariant(state !== undefined, 'an ended epoch leaves a state');
  const stable = records.find((record) => record.kind === 'stable')?.certificate;
  const evidence = records.filter((record) => record.kind === 'evidence').map((record) => record.evidence);
  return {
    recovered: { ...NOTHING_RECOVERED, state: { sequence: state.sequence, bytes: state.state }, stable, evidence },
    waiting: ended.waiting(),
  };
}

/**
 * Why an envelope that was handed in during `before`, and that the end of that epoch surprised, cannot be handed in during
 * `now`; undefined when it can. A replica takes on trust that what its own host submits is authentic: as a leader it would
 * propose what nobody accepts.
 */
export function lateRefusal(envelope: Authentic, before: Committee, now: Committee): Rejection | undefined {
  if (outlivesEpoch(envelope, before, now)) return undefined;
  return reject('wrong_epoch', 'the gateway that signed it has left or has another key now: propose it again');
}
