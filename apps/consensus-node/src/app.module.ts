import { type DynamicModule, Module } from '@nestjs/common';
import { type NodeMetrics } from '@concordat/telemetry';
import { ConsensusController, METRICS } from './api/consensus.controller';
import { MEMBER, type MemberPort } from './api/member-port';
import { NodeApi } from './api/node-api';
import { VerbsController } from './api/verbs.controller';

/** One member's API over REST and NATS. */
@Module({})
export class AppModule {
  /** The API of `member`. */
  static of(member: MemberPort, metrics: Pick<NodeMetrics, 'scrape'>): DynamicModule {
    return {
      module: AppModule,
      controllers: [ConsensusController, VerbsController],
      providers: [NodeApi, { provide: MEMBER, useValue: member }, { provide: METRICS, useValue: metrics }],
    };
  }
}
