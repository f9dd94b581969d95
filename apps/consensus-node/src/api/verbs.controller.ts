import { Controller } from '@nestjs/common';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import { NATS_SERVICE, ServiceContext } from '@concordat/nats';
import { NodeApi } from './node-api';
import { invalidFields, parsed } from './refusals';
import { consensusRequest, historyRequest, nothing, proposeRequest } from './schemas';
import type { HistoryAnswer, ProposeAnswer, SubmitAnswer } from './node-api';
import type { DecidedAnswer, UndecidedAnswer } from './answers';
import type { ClusterStatusAnswer, HealthAnswer } from './status-answers';
import type { WhyAnswer } from './why-answer';

/** Header of `submit`: `decided` (default) or `accepted`, what to answer with. */
export const ANSWER_HEADER = 'Concordat-Answer';

/** Requests that may wait for their decision at one time; they cost memory, not work. */
const WAITING = { inFlightMax: 8_192 };

/** The same calls as NATS request/reply: plain JSON in and out, `submit` takes an envelope's bytes. */
@Controller()
export class VerbsController {
  constructor(private readonly api: NodeApi) {}

  /** `{"value": ..., "wait": true}` and the other fields of REST. */
  @MessagePattern('propose', NATS_SERVICE, WAITING)
  propose(@Payload() payload: unknown): Promise<ProposeAnswer> {
    const { wait, ...proposal } = parsed(proposeRequest, payload);
    return this.api.propose(proposal, wait);
  }

  /** A client's own envelope in its canonical bytes. Answers when it is decided, unless the header asks otherwise. */
  @MessagePattern('submit', NATS_SERVICE, { ...WAITING, raw: true })
  submit(@Payload() envelope: Uint8Array, @Ctx() context: ServiceContext): Promise<SubmitAnswer> {
    const answer = context.header(ANSWER_HEADER) ?? 'decided';
    if (answer !== 'decided' && answer !== 'accepted')
      throw invalidFields([{ field: ANSWER_HEADER, message: 'must be decided or accepted' }]);
    return this.api.submit(envelope, answer === 'decided');
  }

  /** `{"proposal_id": ...}`. */
  @MessagePattern('consensus', NATS_SERVICE)
  consensus(@Payload() payload: unknown): Promise<DecidedAnswer | UndecidedAnswer> {
    return this.api.consensus(parsed(consensusRequest, payload).proposal_id);
  }

  /** `{"proposal_id": ...}`: why it is not decided. */
  @MessagePattern('why', NATS_SERVICE)
  why(@Payload() payload: unknown): Promise<WhyAnswer> {
    return this.api.why(parsed(consensusRequest, payload).proposal_id);
  }

  /** `{"limit": ..., "cursor": ...}`. */
  @MessagePattern('history', NATS_SERVICE)
  history(@Payload() payload: unknown): Promise<HistoryAnswer> {
    return this.api.history(parsed(historyRequest, payload));
  }

  /** `{}`. */
  @MessagePattern('cluster.status', NATS_SERVICE)
  clusterStatus(@Payload() payload: unknown): ClusterStatusAnswer {
    parsed(nothing, payload);
    return this.api.clusterStatus();
  }

  /** `{}`. */
  @MessagePattern('health', NATS_SERVICE)
  health(@Payload() payload: unknown): HealthAnswer {
    parsed(nothing, payload);
    return this.api.health();
  }
}
