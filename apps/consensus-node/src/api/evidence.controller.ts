import { NATS_SERVICE } from '@concordat/nats';
import { Controller, Get, Param, Query } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { EvidenceApi } from './evidence-api';
import { evidenceId, evidenceQuery, evidenceRequest } from './evidence-schemas';
import { parsed } from './refusals';
import { nothing } from './schemas';
import type { EvidenceAnswer, ProofAnswer } from './evidence-api';

/** Proofs of misbehaviour over REST. */
@Controller('api/v1/evidence')
export class EvidenceController {
  constructor(private readonly api: EvidenceApi) {}

  /** `?node_id=...&limit=100&after=<id>`. */
  @Get()
  list(@Query() query: unknown): EvidenceAnswer {
    return this.api.list(parsed(evidenceQuery, query));
  }

  /** One proof, with its bytes. */
  @Get(':id')
  get(@Param('id') id: string, @Query() query: unknown): ProofAnswer {
    parsed(nothing, query);
    return this.api.get(parsed(evidenceId, { id }).id);
  }
}

/** The same over NATS. */
@Controller()
export class EvidenceVerbsController {
  constructor(private readonly api: EvidenceApi) {}

  /** `{"id": ...}` for one proof, `{"node_id": ..., "limit": ..., "after": ...}` for the list. */
  @MessagePattern('evidence', NATS_SERVICE)
  evidence(@Payload() payload: unknown): EvidenceAnswer | ProofAnswer {
    const { id, ...filter } = parsed(evidenceRequest, payload);
    return id === undefined ? this.api.list(filter) : this.api.get(id);
  }
}
