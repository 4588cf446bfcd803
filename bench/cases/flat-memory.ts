import { medianOf, megabytes, sampleRss } from '../support/sample-rss.js';
import { startBridge } from '../support/start-bridge.js';
import { startFakeBroker } from '../support/start-fake-broker.js';
import type { Verdict } from '../support/verdict.js';

const LIMIT_BYTES = 150e6;
/** What the last quarter of a run may need more than the second one. */
const GROWTH_BYTES = 10e6;

/** A bridge at QoS 1 between two sides of a broker that does next to nothing: its memory over many messages. */
export async function flatMemory(messages: number): Promise<readonly Verdict[]> {
  const broker = await startFakeBroker({ qos: 1, messages, window: 1000 });
  const bridge = await startBridge(broker.url, broker.url, '--stop-after', String(messages), '--mqtt', '5');
  const rss = sampleRss(bridge.pid, 250);
  const startedAt = performance.now();
  broker.start();
  const exit = await bridge.exited;
  rss.stop();
  await broker.stop();
  const seconds = (performance.now() - startedAt) / 1000;
  const quarter = Math.floor(rss.bytes.length / 4);
  const early = medianOf(rss.bytes.slice(quarter, 2 * quarter));
  const late = medianOf(rss.bytes.slice(3 * quarter));
  const peak = Math.max(...rss.bytes);
  const count = messages.toLocaleString('en-US');
  const rate = Math.round(messages / seconds).toLocaleString('en-US');
  return [
    {
      promise: `a bridge of ${count} messages ends well`,
      measured: `exit code ${exit.code}, ${rate} messages/s`,
      holds: exit.code === 0,
    },
    { promise: 'RSS stays under 150 MB', measured: `peak ${megabytes(peak)}`, holds: peak < LIMIT_BYTES },
    {
      promise: 'RSS is flat',
      measured: `median ${megabytes(early)} in the second quarter, ${megabytes(late)} in the last`,
      holds: late - early < GROWTH_BYTES,
    },
  ];
}
