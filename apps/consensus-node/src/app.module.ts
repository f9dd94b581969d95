import { type DynamicModule, Module } from '@nestjs/common';
import { type NodeMetrics } from '@concordat/telemetry';
import { ConsensusController, METRICS } from './api/consensus.controller';
import { EvidenceApi } from './api/evidence-api';
import { EvidenceController, EvidenceVerbsController } from './api/evidence.controller';
import { MembershipApi } from './api/membership-api';
import { MembershipVerbsController } from './api/membership-verbs.controller';
import { MembershipController } from './api/membership.controller';
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
      controllers: [
        ConsensusController,
        MembershipController,
        EvidenceController,
        VerbsController,
        MembershipVerbsController,
        EvidenceVerbsController,
      ],
      providers: [
        NodeApi,
        MembershipApi,
        EvidenceApi,
        { provide: MEMBER, useValue: member },
        { provide: METRICS, useValue: metrics },
      ],
    };
  }
}
