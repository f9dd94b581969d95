import { AGREEMENT } from './agreement.mjs';
import { CATCH_UP } from './catch-up.mjs';
import { DURABILITY } from './durability.mjs';
import { EPOCHS } from './epochs.mjs';
import { EXECUTION } from './execution.mjs';
import { LINEAR } from './linear.mjs';
import { VALIDITY } from './validity.mjs';
import { VIEWS } from './views.mjs';

/** Every mutant, by subject. */
export const MUTANTS = [
  ...AGREEMENT,
  ...VIEWS,
  ...LINEAR,
  ...DURABILITY,
  ...EXECUTION,
  ...VALIDITY,
  ...CATCH_UP,
  ...EPOCHS,
];
