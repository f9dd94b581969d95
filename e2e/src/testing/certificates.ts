/** Members whose signatures make a decision: COMMITs of PBFT, votes of HotStuff. */
export function signersOf(decided: Record<string, unknown>): string[] {
  const { commits, votes } = decided['certificate'] as Partial<Record<'commits' | 'votes', { node_id: string }[]>>;
  const signatures = commits ?? votes;
  if (signatures === undefined) throw new Error(`no signatures in ${JSON.stringify(decided).slice(0, 300)}`);
  return signatures.map(({ node_id: node }) => node);
}
