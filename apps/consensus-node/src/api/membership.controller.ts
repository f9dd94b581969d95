import { type EpochChainJson, SIGNATURE_HEADER } from '@concordat/client';
import { type OperationKind } from '@concordat/consensus';
import { Body, Controller, Get, Headers, NotFoundException, Param, Post, Query, Res } from '@nestjs/common';
import { isComplete } from './change-answers';
import { MembershipApi } from './membership-api';
import { changeQuery, epochsQuery } from './membership-schemas';
import { parsed } from './refusals';
import type { ChangeAnswer } from './change-answers';
import type { Reply } from './consensus.controller';

const OF_CLUSTER: readonly OperationKind[] = ['join', 'leave', 'rotate', 'isolate', 'release'];

/**
 * REST: changes of the member table (Spec §7.9). The body is the operation without its kind, the header its approvals. The
 * answer is 200 when what was waited for has happened (`?wait=decision`, or `epoch`), 202 when the wait ended before.
 */
@Controller('api/v1')
export class MembershipController {
  constructor(private readonly api: MembershipApi) {}

  /** The chain of epoch changes after one (`?after=0&limit=16`), each with its proof; empty when there are none. */
  @Get('cluster/epochs')
  epochs(@Query() query: unknown): EpochChainJson {
    return this.api.epochs(parsed(epochsQuery, query));
  }

  /** join, leave, rotate, isolate, release. */
  @Post('cluster/:kind')
  cluster(
    @Param('kind') name: string,
    @Body() body: unknown,
    @Query() query: unknown,
    @Headers(SIGNATURE_HEADER) header: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<ChangeAnswer> {
    const kind = OF_CLUSTER.find((known) => known === name);
    if (kind === undefined) throw new NotFoundException(`Cannot POST /api/v1/cluster/${name}`);
    return this.change(kind, body, query, header, reply);
  }

  /** How a member behaved. */
  @Post('reputation/update')
  reputation(
    @Body() body: unknown,
    @Query() query: unknown,
    @Headers(SIGNATURE_HEADER) header: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<ChangeAnswer> {
    return this.change('reputation', body, query, header, reply);
  }

  private async change(
    kind: OperationKind,
    body: unknown,
    query: unknown,
    header: string | undefined,
    reply: Reply,
  ): Promise<ChangeAnswer> {
    const patience = parsed(changeQuery, query);
    const answer = await this.api.change(kind, body, header, patience);
    reply.status(isComplete(answer, patience) ? 200 : 202);
    return answer;
  }
}
