import { portableHash } from '@concordat/protocol';
import { DataFolder } from '../data-folder';
import { sketchDecision } from './decisions';

/** What the process tells its parent, one JSON text per line. */
function tell(message: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

/** Promises, decides and counts as fast as it can, and tells what is durable, until it is killed. */
async function work({ voteLog, decisions, gatewayCounter }: DataFolder): Promise<never> {
  let vote = Math.max(0, ...voteLog.takeRecords().map(({ sequence }) => sequence));
  for (;;) {
    for (let i = 0; i < 5; i++) voteLog.append({ kind: 1, sequence: ++vote, payload: new Uint8Array(500).fill(vote) });
    decisions.append(sketchDecision(decisions.lastSequence + 1, [{ firstNonce: vote, outcomes: ['decided'] }]));
    const decided = decisions.lastSequence;
    if (voteLog.isSegmentFull) {
      voteLog.rotate([{ kind: 2, sequence: vote, payload: new Uint8Array(0) }]);
      voteLog.dropBelow(vote - 100);
    }
    await Promise.all([voteLog.sync(), decisions.flush()]);
    tell({ vote, decided, nonce: Number(await gatewayCounter.next(100)) });
  }
}

/** `node child-main.cjs <hold|work> <folder>`: opens the data folder, and holds it or works in it. */
async function main([mode, folder = '']: readonly string[]): Promise<void> {
  const opened = await DataFolder.open(folder, {
    hash: portableHash,
    voteLog: { segmentBytesMax: 20_000 },
    decisions: { segmentBytesMax: 20_000, indexIntervalMs: 1 },
  });
  tell({ opened: folder });
  if (mode === 'work') await work(opened);
  process.stdin.resume();
  process.stdin.once('end', () => void opened.close());
}

main(process.argv.slice(2)).catch((error: unknown) => {
  tell({ error: error instanceof Error ? error.message : String(error) });
  process.exitCode = 1;
});
