const SAMPLE_CPU_MS = 100;

/**
 * How much longer work takes here now than on an idle machine: the time that passes while this process gets 100 ms of
 * processor time, as a multiple of them. At least 1.
 */
export function busyness(): number {
  const from = performance.now();
  const before = process.cpuUsage();
  for (;;) {
    const { user, system } = process.cpuUsage(before);
    const cpuMs = (user + system) / 1_000;
    if (cpuMs >= SAMPLE_CPU_MS) return Math.max(1, (performance.now() - from) / cpuMs);
  }
}
