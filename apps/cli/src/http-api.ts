import { type ChangeRequest } from '@concordat/client';
import { z } from 'zod';
import { CliError, EXIT, messageOf, systemCode, type ExitCode } from './errors';

const decidedFields = z.looseObject({
  proposal_id: z.string(),
  status: z.string(),
  decided_value: z.unknown().optional(),
  duration_ms: z.number().nullish(),
  view: z.number().optional(),
  votes_received: z.number().optional(),
  byzantine_detected: z.array(z.string()).optional(),
  certificate: z.unknown().optional(),
});

const accepted = z.looseObject({ proposal_id: z.string() });

const link = z.looseObject({ from: z.string(), to: z.string() });

const why = z.looseObject({
  proposal_id: z.string(),
  status: z.string(),
  phase: z.string(),
  view: z.number(),
  leader: z.string(),
  sequence: z.number().nullable(),
  have: z.looseObject({ members: z.array(z.string()), weight: z.number() }),
  need: z.number(),
  missing: z.array(z.looseObject({ node_id: z.string(), state: z.string(), why: z.string() })),
  links_down: z.array(link),
  timer: z.looseObject({ timer: z.string(), runs_out_in_ms: z.number(), is_own: z.boolean() }).nullable(),
  reasons: z.array(z.string()),
  what_would_help: z.array(z.string()),
});

const history = z.looseObject({
  total_decisions: z.number(),
  recent_decisions: z.array(
    z.looseObject({ proposal_id: z.string(), decided_value: z.unknown().optional(), timestamp: z.string().optional() }),
  ),
  next_cursor: z.string().nullish(),
});

const clusterStatus = z.looseObject({
  total_nodes: z.number(),
  healthy_nodes: z.number(),
  consensus_possible: z.boolean(),
  epoch: z.number(),
  stable_sequence: z.number(),
  next_epoch: z.looseObject({ epoch: z.number(), first_sequence: z.number(), table: z.string() }).nullable(),
  status: z.string().optional(),
  connectivity: z.looseObject({ links_down: z.array(link) }).optional(),
  node_statuses: z.array(z.looseObject({ node_id: z.string(), state: z.string() })),
});

const health = z.looseObject({
  status: z.string(),
  node_id: z.string().optional(),
  is_leader: z.boolean().optional(),
  votes: z.boolean().optional(),
});

const changeFields = z.looseObject({
  status: z.enum(['pending', 'accepted', 'effective']),
  proposal_id: z.string(),
  node_id: z.string(),
  effective_epoch: z.number().optional(),
  first_sequence: z.number().optional(),
});

const evidenceEntry = z.looseObject({
  id: z.string().regex(/^[0-9a-f]{64}$/, 'no digest'),
  node_id: z.string(),
  kind: z.string(),
  message: z.string(),
  epoch: z.number(),
  view: z.number(),
  sequence: z.number(),
});

const evidence = z.looseObject({ evidence: z.array(evidenceEntry), next: z.string().nullable() });

const proof = z.looseObject({ proof: z.base64url() });

const epochs = z.looseObject({ format: z.string(), changes: z.array(z.unknown()) });

/** Answer of propose, without wait. */
export type Accepted = z.infer<typeof accepted>;
/** Answer of consensus/{id}, or of propose with wait. */
export type ProposalState = z.infer<typeof decidedFields>;
/** Answer of why. */
export type Why = z.infer<typeof why>;
/** Answer of history. */
export type History = z.infer<typeof history>;
/** Answer of cluster/status. */
export type ClusterStatus = z.infer<typeof clusterStatus>;
/** Answer of health. */
export type Health = z.infer<typeof health>;

/** Answer for a change of the member table. */
export type ChangeState = z.infer<typeof changeFields>;
/** One proof in the answer of evidence. */
export type EvidenceEntry = z.infer<typeof evidenceEntry>;
/** Answer of cluster/epochs: nothing in it is verified. */
export type EpochPage = z.infer<typeof epochs>;

/** Pages of proofs that are followed: more than one proof of each kind for each of a thousand members. */
const EVIDENCE_PAGES_MAX = 100;
/** Longest wait for an answer that needs no agreement. */
const ANSWER_TIMEOUT_MS = 5_000;
/** How much longer than the proposal's own deadline its answer may take. */
const DECISION_SLACK_MS = 5_000;

const errorBody = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

function exitCodeOf(status: number): ExitCode {
  // 404, 409 and everything about capacity or quorum mean "not decided"; the other 4xx mean that the request itself is wrong.
  return status >= 400 && status < 500 && ![404, 408, 409, 429].includes(status) ? EXIT.usage : EXIT.no;
}

/** One member's REST interface. Every method rejects with a CliError. */
export class HttpApi {
  constructor(
    /** Address without a slash at its end. */
    readonly server: string,
  ) {}

  /** Hands a proposal in and returns at once. */
  async propose(body: object): Promise<Accepted> {
    return this.call(accepted, '/api/v1/propose', ANSWER_TIMEOUT_MS, body);
  }

  /** Hands a proposal in and returns its fate, after at most `timeoutMs` and a little. */
  async proposeAndWait(body: object, timeoutMs: number): Promise<ProposalState> {
    return this.call(decidedFields, '/api/v1/propose?wait=true', timeoutMs + DECISION_SLACK_MS, body);
  }

  /** What became of a proposal. */
  async proposal(id: string): Promise<ProposalState> {
    return this.call(decidedFields, `/api/v1/consensus/${encodeURIComponent(id)}`, ANSWER_TIMEOUT_MS);
  }

  /** Why a proposal is not decided. */
  async why(id: string): Promise<Why> {
    return this.call(why, `/api/v1/why?proposal_id=${encodeURIComponent(id)}`, ANSWER_TIMEOUT_MS);
  }

  /** The latest decisions, newest first. */
  async history(limit: number, cursor?: string): Promise<History> {
    const query = new URLSearchParams({ limit: String(limit), ...(cursor === undefined ? {} : { cursor }) });
    return this.call(history, `/api/v1/history?${query.toString()}`, ANSWER_TIMEOUT_MS);
  }

  /** How the swarm is, as this member sees it. */
  async clusterStatus(): Promise<ClusterStatus> {
    return this.call(clusterStatus, '/api/v1/cluster/status', ANSWER_TIMEOUT_MS);
  }

  /** Hands in a change of the member table and returns how far it came, after at most `timeoutMs` and a little. */
  async change(
    { path, body, headers }: ChangeRequest,
    { wait, timeoutMs }: { readonly wait: 'decision' | 'epoch'; readonly timeoutMs: number },
  ): Promise<ChangeState> {
    const query = new URLSearchParams({ wait, timeout_ms: String(timeoutMs) });
    return this.call(changeFields, `${path}?${query.toString()}`, timeoutMs + DECISION_SLACK_MS, body, headers);
  }

  /** Some changes of epochs, those after an epoch. */
  async epochsAfter(epoch: number): Promise<EpochPage> {
    return this.call(epochs, `/api/v1/cluster/epochs?after=${epoch}`, ANSWER_TIMEOUT_MS);
  }

  /** Proofs on record at this member, all of them or those against one node. */
  async evidence(nodeId?: string): Promise<EvidenceEntry[]> {
    const found: EvidenceEntry[] = [];
    let after: string | null = null;
    for (let page = 0; page < EVIDENCE_PAGES_MAX; page++) {
      const query = new URLSearchParams({
        ...(nodeId === undefined ? {} : { node_id: nodeId }),
        ...(after === null ? {} : { after }),
      });
      const answer: z.infer<typeof evidence> = await this.call(
        evidence,
        `/api/v1/evidence?${query.toString()}`,
        ANSWER_TIMEOUT_MS,
      );
      found.push(...answer.evidence);
      after = answer.next;
      if (after === null) break;
    }
    return found;
  }

  /** One proof in base64url: nothing in it is verified. */
  async proof(id: string): Promise<{ readonly proof: string }> {
    return this.call(proof, `/api/v1/evidence/${encodeURIComponent(id)}`, ANSWER_TIMEOUT_MS);
  }

  /** How this member is: it says so with any HTTP status. */
  async health(timeoutMs = ANSWER_TIMEOUT_MS): Promise<Health & { readonly ready: boolean }> {
    const { status, value } = await this.fetch('/api/v1/health', timeoutMs);
    const answer = this.parse(health, value);
    return { ...answer, ready: status === 200 && answer.status === 'healthy' };
  }

  private async call<T>(
    schema: z.ZodType<T>,
    path: string,
    timeoutMs: number,
    body?: object,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<T> {
    const { status, value } = await this.fetch(path, timeoutMs, body, headers);
    if (status >= 200 && status < 300) return this.parse(schema, value);
    const { data } = errorBody.safeParse(value);
    const { code, message } = data?.error ?? { code: `HTTP_${status}`, message: `answered with HTTP ${status}` };
    throw new CliError(exitCodeOf(status), code, `${this.server}: ${message}`);
  }

  private parse<T>(schema: z.ZodType<T>, value: unknown): T {
    const { success, data, error } = schema.safeParse(value);
    if (success) return data;
    const [issue] = error.issues;
    const what = issue === undefined ? '' : ` (${issue.path.join('.') || 'the answer'}: ${issue.message})`;
    throw new CliError(
      EXIT.unreachable,
      'NOT_A_MEMBER',
      `${this.server} does not answer as a Concordat member${what}.`,
    );
  }

  private async fetch(
    path: string,
    timeoutMs: number,
    body?: object,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<{ status: number; value: unknown }> {
    const sent =
      body === undefined
        ? {}
        : {
            method: 'POST',
            headers: { 'content-type': 'application/json', ...headers },
            body: JSON.stringify(body),
          };
    try {
      const response = await fetch(`${this.server}${path}`, { ...sent, signal: AbortSignal.timeout(timeoutMs) });
      return { status: response.status, value: parseJson(await response.text()) };
    } catch (thrown) {
      throw this.unreachable(thrown, timeoutMs);
    }
  }

  private unreachable(thrown: unknown, timeoutMs: number): CliError {
    // fetch says "fetch failed" and keeps the reason in `cause`. Its errors can come from another realm: no instanceof.
    const { name, cause } = thrown as { name?: unknown; cause?: unknown };
    if (name === 'TimeoutError') {
      const message = `${this.server} did not answer within ${timeoutMs / 1000} s.`;
      return new CliError(EXIT.unreachable, 'TIMEOUT', message, { cause: thrown });
    }
    const reason = systemCode(cause) ?? messageOf(cause ?? thrown);
    const message = `nobody answers at ${this.server} (${reason}): start a swarm with \`npm start\`, or name another server with --server.`;
    return new CliError(EXIT.unreachable, 'UNREACHABLE', message, { cause: thrown });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
