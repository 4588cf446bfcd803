import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { LIMIT } from '../support/limits.js';
import { runCli, startCli } from '../support/start-cli.js';
import { until } from '../support/until.js';

/** The demo as its page sees it, once there are means of windows. */
async function shown(...args: readonly string[]) {
  const demo = startCli(['demo', '--rate', '500', ...args]);
  const url = /http:\S+\d/.exec(await demo.waitForLine(/HTTP at http/))?.[0] ?? '';
  assert.match(await (await fetch(url)).text(), /<title>Millrace<\/title>/);
  const job = await until(
    async () => {
      const { jobs } = JSON.parse(await (await fetch(`${url}/api/jobs`)).text());
      return jobs[0]?.stages.means?.millrace_job_timers > 0 && jobs[0].counts.itemsDelivered > 100
        ? jobs[0]
        : undefined;
    },
    { intervalMs: 200 },
  );
  return { demo, job };
}

test('the demo runs without anything else, and prints the link to its page', LIMIT, async () => {
  const { demo, job } = await shown();
  assert.deepEqual([job.name, job.status, job.reasons], ['demo', 'RUNNING', []]);
  assert.deepEqual(await demo.end('SIGINT'), { code: 0, signal: null }, demo.stderr.join('\n'));
});

test('with a broker it goes through that, and leaves no session, no retained message', LIMIT, async () => {
  const broker = await startMosquitto({ persistence: true });
  const { demo, job } = await shown('--url', broker.url, '--mqtt', '4');
  const [{ millrace_source_messages_total: read } = { millrace_source_messages_total: 0 }] = Object.values<{
    millrace_source_messages_total: number;
  }>(job.sources);
  assert.ok(read > 100, 'it is read back');
  assert.deepEqual(await demo.end('SIGTERM'), { code: 0, signal: null }, demo.stderr.join('\n'));
  const kept = await runCli(['sub', '-L', broker.url, '-t', '+/readings/#', '--retained-only', '-W', '1']);
  assert.deepEqual(kept.stdout, []);
  const last = new Map(
    broker.log.flatMap((line) => {
      const [, id = '', clean = ''] =
        /New client connected .* as (millrace-demo-\S+) \(p\d, (c[01]), /.exec(line) ?? [];
      return id === '' ? [] : [[id, clean] as const];
    }),
  );
  // at the end each comes once more, and ends its session
  assert.deepEqual([...last.values()], ['c1', 'c1', 'c1', 'c1'], [...last].join());
});

test('what is of a broker needs one', LIMIT, async () => {
  const { code, stderr } = await runCli(['demo', '--username', 'x']);
  assert.equal(code, 2);
  assert.match(stderr[0] ?? '', /--username is of --url, which is missing/);
});
