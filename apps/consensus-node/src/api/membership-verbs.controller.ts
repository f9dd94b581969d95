import { type EpochChainJson, SIGNATURE_HEADER } from '@concordat/client';
import { type OperationKind } from '@concordat/consensus';
import { NATS_SERVICE, ServiceContext } from '@concordat/nats';
import { Controller } from '@nestjs/common';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import { MembershipApi } from './membership-api';
import { changeRequest, epochsRequest } from './membership-schemas';
import { parsed } from './refusals';
import type { ChangeAnswer } from './change-answers';

/** The same calls as NATS request/reply: the operation's fields with `wait` and `timeout_ms` beside them, and the same header. */
@Controller()
export class MembershipVerbsController {
  constructor(private readonly api: MembershipApi) {}

  /** `{"after": ..., "limit": ...}`. */
  @MessagePattern('cluster.epochs', NATS_SERVICE)
  epochs(@Payload() payload: unknown): EpochChainJson {
    return this.api.epochs(parsed(epochsRequest, payload));
  }

  /** A new member. */
  @MessagePattern('cluster.join', NATS_SERVICE)
  join(@Payload() payload: unknown, @Ctx() context: ServiceContext): Promise<ChangeAnswer> {
    return this.change('join', payload, context);
  }

  /** A member goes. */
  @MessagePattern('cluster.leave', NATS_SERVICE)
  leave(@Payload() payload: unknown, @Ctx() context: ServiceContext): Promise<ChangeAnswer> {
    return this.change('leave', payload, context);
  }

  /** A member gets another key. */
  @MessagePattern('cluster.rotate', NATS_SERVICE)
  rotate(@Payload() payload: unknown, @Ctx() context: ServiceContext): Promise<ChangeAnswer> {
    return this.change('rotate', payload, context);
  }

  /** A member that was proven Byzantine counts for nothing any more. */
  @MessagePattern('cluster.isolate', NATS_SERVICE)
  isolate(@Payload() payload: unknown, @Ctx() context: ServiceContext): Promise<ChangeAnswer> {
    return this.change('isolate', payload, context);
  }

  /** An isolated member votes again. */
  @MessagePattern('cluster.release', NATS_SERVICE)
  release(@Payload() payload: unknown, @Ctx() context: ServiceContext): Promise<ChangeAnswer> {
    return this.change('release', payload, context);
  }

  /** How a member behaved. */
  @MessagePattern('reputation.update', NATS_SERVICE)
  reputation(@Payload() payload: unknown, @Ctx() context: ServiceContext): Promise<ChangeAnswer> {
    return this.change('reputation', payload, context);
  }

  private change(kind: OperationKind, payload: unknown, context: ServiceContext): Promise<ChangeAnswer> {
    const { operation, patience } = parsed(changeRequest, payload);
    return this.api.change(kind, operation, context.header(SIGNATURE_HEADER), patience);
  }
}
