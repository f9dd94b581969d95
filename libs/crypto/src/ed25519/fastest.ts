import type { Ed25519Backend } from './backend';
import { nodeBackend } from './node';
import { sodiumBackend } from './sodium';

let chosen: Ed25519Backend | undefined;

/** The fastest backend of this platform: sodium-native where it loads, else node:crypto. One per process: its prepared keys are shared. */
export function fastestEd25519(): Ed25519Backend {
  chosen ??= sodiumBackend() ?? nodeBackend();
  return chosen;
}
