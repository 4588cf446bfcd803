import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startChild } from '../../test/support/child-process.js';
import { tempDir } from '../../test/support/temp-dir.js';
import { compiledProgram } from '../support/compiled-program.js';
import type { ContenderTask } from '../support/contender.js';
import { medianOf, megabytes, sampleRss } from '../support/sample-rss.js';
import { startFakeBroker } from '../support/start-fake-broker.js';
import type { Verdict } from '../support/verdict.js';

const PROCESS = fileURLToPath(new URL('../support/outbox-bridge.ts', import.meta.url));
/** 32 MB of what the view does not have yet, V8's young generation of three times 16 MB at full speed, and what a bridge needs without them. */
const LIMIT_BYTES = 200e6;
/** What the last quarter of the filling may need more than the second one. */
const GROWTH_BYTES = 15e6;
const HOURS_MS = 4 * 3_600_000;

/** An exactly-once bridge whose sink's broker is away while `messages` come in, and then takes them. */
export async function outboxMemory(messages: number): Promise<readonly Verdict[]> {
  const from = await startFakeBroker({ qos: 2, messages, window: 1000 });
  // it is never asked to play
  const to = await startFakeBroker({ qos: 2, messages: 1, window: 1 });
  const dir = tempDir('bench-outbox');
  const task: ContenderTask = { url: from.url, toUrl: to.url, qos: 2, messages, window: 1000, clientId: 'outbox', dir };
  const bridge = startChild(process.execPath, [await compiledProgram(PROCESS), JSON.stringify(task)]);
  try {
    await bridge.waitForLine(/RUNNING/, { timeoutMs: 60_000 });
    const own = sampleRss(bridge.pid, 250, 'own');
    const all = sampleRss(bridge.pid, 250);
    to.suspend();
    const startedAt = performance.now();
    from.start();
    const full = await bridge.waitForLine(new RegExp(`stored ${messages},`), { timeoutMs: HOURS_MS });
    const filled = own.bytes.length;
    const filledAt = performance.now();
    to.resume();
    await bridge.waitForLine(/DRAINED/, { timeoutMs: HOURS_MS });
    const drainedAt = performance.now();
    own.stop();
    all.stop();
    const exit = await bridge.exited;
    const quarter = Math.floor(filled / 4);
    const early = medianOf(own.bytes.slice(quarter, 2 * quarter));
    const late = medianOf(own.bytes.slice(3 * quarter, filled));
    const peaks = [own.bytes.slice(0, filled), own.bytes.slice(filled)].map((bytes) => Math.max(...bytes));
    const rates = [filledAt - startedAt, drainedAt - filledAt].map((ms) => Math.round((messages * 1000) / ms));
    return [
      {
        promise: `an outbox takes ${messages.toLocaleString('en-US')} messages and delivers them`,
        measured: `${full}; ${rates[0]} messages/s in, ${rates[1]} out, exit code ${exit.code}`,
        holds: exit.code === 0,
      },
      {
        promise: 'memory is flat while the outbox grows',
        measured: `median ${megabytes(early)} in the second quarter, ${megabytes(late)} in the last`,
        holds: late - early < GROWTH_BYTES,
      },
      {
        promise: `memory stays under ${megabytes(LIMIT_BYTES)}, pages of the store's file not counted`,
        measured: `peak ${peaks.map(megabytes).join(' while it grows, ')} while it empties; with those pages ${megabytes(Math.max(...all.bytes))}`,
        holds: Math.max(...peaks) < LIMIT_BYTES,
      },
    ];
  } finally {
    to.resume();
    await bridge.end('SIGKILL');
    await Promise.all([from.stop(), to.stop()]);
    rmSync(dir, { recursive: true, force: true });
  }
}
