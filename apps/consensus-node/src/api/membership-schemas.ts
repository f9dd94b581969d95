import { z } from 'zod';
import { integer, integerText, TIMEOUT_DEFAULT_MS, TIMEOUT_MAX_MS, TIMEOUT_MIN_MS } from './schemas';

/** Changes of epochs in one answer: a table of a hundred members and its proof have some 40 kB. */
const EPOCHS_MAX = 16;
const EPOCH_MAX = Number.MAX_SAFE_INTEGER;

const wait = z.enum(['decision', 'epoch'], 'must be decision or epoch').default('decision');

/** Query of the routes that change the table. */
export const changeQuery = z
  .strictObject({ wait, timeout_ms: integerText(TIMEOUT_MIN_MS, TIMEOUT_MAX_MS).default(TIMEOUT_DEFAULT_MS) })
  .transform((query) => ({ wait: query.wait, timeoutMs: query.timeout_ms }));

/** Payload of the verbs that change the table: the operation, and these two beside it. */
export const changeRequest = z
  .looseObject(
    { wait, timeout_ms: integer(TIMEOUT_MIN_MS, TIMEOUT_MAX_MS).default(TIMEOUT_DEFAULT_MS) },
    'must be a JSON object',
  )
  .transform(({ wait: until, timeout_ms: timeoutMs, ...operation }) => ({
    operation: operation,
    patience: { wait: until, timeoutMs },
  }));

/** Query of GET /api/v1/cluster/epochs. */
export const epochsQuery = z.strictObject({
  after: integerText(0, EPOCH_MAX).default(0),
  limit: integerText(1, EPOCHS_MAX).default(EPOCHS_MAX),
});
/** Payload of the verb `cluster.epochs`. */
export const epochsRequest = z.strictObject(
  { after: integer(0, EPOCH_MAX).default(0), limit: integer(1, EPOCHS_MAX).default(EPOCHS_MAX) },
  'must be a JSON object',
);
/** Which changes are asked for: those after an epoch. */
export type EpochsInput = z.output<typeof epochsRequest>;
