import { setTimeout as sleep } from 'node:timers/promises';
import { startMosquitto } from '../../test/support/brokers/mosquitto.js';
import { until } from '../../test/support/until.js';
import { startPacedPublisher } from '../support/paced-publisher.js';
import { megabytes, sampleRss } from '../support/sample-rss.js';
import { SequenceWitness } from '../support/sequence-witness.js';
import { startBridge } from '../support/start-bridge.js';
import type { Verdict } from '../support/verdict.js';

const COST_BYTES = 50e6;
const BEFORE_MS = 10_000;
const AFTER_MS = 5_000;
const QUIET = ['log_type none', 'max_inflight_messages 0'];

/**
 * The sink's broker goes away for `outageMs` while `perSecond` messages of QoS 1 come in. The cost is the highest RSS of the whole
 * run, the catch-up included, less the highest before the outage.
 */
export async function sinkOutage(outageMs: number, perSecond: number): Promise<readonly Verdict[]> {
  const from = await startMosquitto({ config: QUIET });
  const to = await startMosquitto({ config: QUIET, persistence: true });
  const witness = new SequenceWitness(to.url, 'copy/#');
  await witness.connect();
  const bridge = await startBridge(from.url, to.url);
  const rss = sampleRss(bridge.pid, 250);
  const publisher = await startPacedPublisher(from.url, perSecond);
  await sleep(BEFORE_MS);
  const before = rss.bytes.length;
  await to.stop();
  await sleep(outageMs);
  const outage = rss.bytes.length;
  await to.start();
  await witness.connect();
  await sleep(AFTER_MS);
  const sent = await publisher.stop();
  await until(() => witness.count >= sent || !bridge.running, { timeoutMs: 120_000 }).catch(() => {});
  rss.stop();
  witness.close();
  const exit = await bridge.end('SIGTERM');
  const peaks = [rss.bytes.slice(0, before), rss.bytes.slice(before, outage), rss.bytes.slice(outage)].map((bytes) =>
    Math.max(...bytes),
  );
  const cost = Math.max(...rss.bytes) - (peaks[0] ?? 0);
  await Promise.all([from.stop(), to.stop()]);
  const seconds = outageMs / 1000;
  return [
    {
      promise: `a sink broker gone for ${seconds} s costs under 50 MB`,
      measured: `${megabytes(cost)}; peaks before, meanwhile and after: ${peaks.map(megabytes).join(', ')}`,
      holds: cost < COST_BYTES,
    },
    {
      promise: `nothing is lost at ${perSecond.toLocaleString('en-US')} messages/s`,
      measured: `${witness.count} of ${sent} arrived, ${witness.duplicates} twice, exit code ${exit.code}`,
      holds: witness.count === sent && exit.code === 0,
    },
  ];
}
