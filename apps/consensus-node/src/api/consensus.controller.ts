import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { type NodeMetrics } from '@concordat/telemetry';
import { NodeApi } from './node-api';
import { parsed } from './refusals';
import { consensusRequest, historyQuery, nothing, proposeBody, proposeQuery } from './schemas';
import type { HistoryAnswer, ProposeAnswer } from './node-api';
import type { DecidedAnswer, UndecidedAnswer } from './answers';
import type { ClusterStatusAnswer, HealthAnswer } from './status-answers';
import type { WhyAnswer } from './why-answer';

/** Injection token of the NodeMetrics. */
export const METRICS = Symbol('metrics');

/** The part of a Fastify reply that is used here. */
export interface Reply {
  status(code: number): Reply;
  header(name: string, value: string): Reply;
}

/** REST (issue's call table). */
@Controller()
export class ConsensusController {
  constructor(
    private readonly api: NodeApi,
    @Inject(METRICS) private readonly metrics: Pick<NodeMetrics, 'scrape'>,
  ) {}

  /** Hands a proposal in; with `?wait=true` answers when it is decided. */
  @Post('api/v1/propose')
  @HttpCode(200)
  propose(@Body() body: unknown, @Query() query: unknown): Promise<ProposeAnswer> {
    const { wait } = parsed(proposeQuery, query);
    return this.api.propose(parsed(proposeBody, body), wait);
  }

  /** What became of a proposal. */
  @Get('api/v1/consensus/:id')
  consensus(@Param('id') id: string, @Query() query: unknown): Promise<DecidedAnswer | UndecidedAnswer> {
    parsed(nothing, query);
    return this.api.consensus(parsed(consensusRequest, { proposal_id: id }).proposal_id);
  }

  /** Why a proposal is not decided: `?proposal_id=...`. */
  @Get('api/v1/why')
  why(@Query() query: unknown): Promise<WhyAnswer> {
    return this.api.why(parsed(consensusRequest, query).proposal_id);
  }

  /** The latest decisions. */
  @Get('api/v1/history')
  history(@Query() query: unknown): Promise<HistoryAnswer> {
    return this.api.history(parsed(historyQuery, query));
  }

  /** The swarm as this member sees it. */
  @Get('api/v1/cluster/status')
  clusterStatus(@Query() query: unknown): ClusterStatusAnswer {
    parsed(nothing, query);
    return this.api.clusterStatus();
  }

  /** How this member is: 200, or 503 while it is partitioned, with the same fields. */
  @Get('api/v1/health')
  health(@Query() query: unknown, @Res({ passthrough: true }) reply: Reply): HealthAnswer {
    parsed(nothing, query);
    const answer = this.api.health();
    reply.status(answer.status === 'partitioned' ? 503 : 200);
    return answer;
  }

  /** Prometheus text. */
  @Get('metrics')
  async scrape(@Res({ passthrough: true }) reply: Reply): Promise<string> {
    const { contentType, body } = await this.metrics.scrape();
    reply.header('content-type', contentType);
    return body;
  }
}
