import type { Append } from './append';
import { stepOfAppend, type ProtocolStep } from './protocol-steps';
import type { CrashPoint } from './schedule';

/** Where a trap springs: a crash point, or a write that fails. */
export type TrapPoint = Exclude<CrashPoint, 'now'> | 'write-error';

/** A crash that waits for its moment. */
export class Trap {
  /** `step`: the trap waits for something of that step. */
  constructor(
    readonly point: TrapPoint,
    private readonly step: ProtocolStep | undefined,
    readonly spring: () => void,
  ) {}

  /** True when the disk is about to do what the trap waits for. */
  waitsFor(point: TrapPoint, ...parts: readonly (readonly Append[])[]): boolean {
    if (this.point !== point) return false;
    return (
      this.step === undefined || parts.some((appends) => appends.some((append) => stepOfAppend(append) === this.step))
    );
  }

  /** True when the trap waits for a message of that step to leave. */
  waitsForMessage(step: ProtocolStep): boolean {
    return this.point === 'mid-send' && (this.step === undefined || this.step === step);
  }
}
