import { execFileSync } from 'node:child_process';
import { readFileSync, statfsSync } from 'node:fs';
import { signatureSuite } from '@concordat/crypto';

const BYTES_PER_MB = 1024 * 1024;
const ROUND = 200;
/** f_type of file systems that live in memory: tmpfs and ramfs. */
const IN_MEMORY: readonly number[] = [0x0102_1994, 0x8584_58f6];

/** Ed25519 verifications per second of this process, on one core, in about `durationMs`. */
export function verificationsPerSecond(durationMs: number): number {
  const suite = signatureSuite('ed25519');
  const { publicKey, privateKey } = suite.generate();
  const message = new Uint8Array(145).fill(7);
  const signature = suite.sign(privateKey, message);
  const startMs = performance.now();
  let done = 0;
  let elapsedMs = 0;
  while (elapsedMs < durationMs) {
    for (let i = 0; i < ROUND; i++) suite.verify(publicKey, message, signature);
    done += ROUND;
    elapsedMs = performance.now() - startMs;
  }
  return Math.round((done * 1000) / elapsedMs);
}

/** Resident memory of a process in MB, or undefined when the system does not say. */
export function residentMb(pid: number): number | undefined {
  try {
    const kilobytes =
      process.platform === 'linux'
        ? /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
        : execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return kilobytes === undefined ? undefined : Math.round((Number(kilobytes) * 1024 * 10) / BYTES_PER_MB) / 10;
  } catch {
    return undefined;
  }
}

/** False for a folder in memory, where a sync makes nothing durable. */
export function isOnDisk(folder: string): boolean {
  return process.platform !== 'linux' || !IN_MEMORY.includes(statfsSync(folder).type);
}
