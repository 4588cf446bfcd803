import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { startAedes } from '../support/brokers/aedes-broker.js';
import { ask } from '../support/http/ask.js';
import { LIMIT } from '../support/limits.js';
import { startCli } from '../support/start-cli.js';
import { until } from '../support/until.js';

const TOKEN = randomBytes(16).toString('hex');

const bridge = (url: string, ...more: readonly string[]): readonly string[] => [
  ...[
    'bridge',
    '--from',
    url,
    '--topic',
    'in/#',
    '--to',
    url,
    '--to-topic',
    'out/{topic}',
    '--client-id',
    'http-bridge',
  ],
  ...['--mqtt', '4', '--http', ...more],
];

const portOf = (line: string): number => Number(/:(\d+)/.exec(line.slice(line.indexOf('HTTP at')))?.[1]);

test(
  'a bridge tells over HTTP how it stands, is drained there, and ends with exit code 0; the token is in no line',
  LIMIT,
  async () => {
    const { url } = await startAedes();
    const args = bridge(url, '0', '--allow-control', '--json');
    await using child = startCli(args, { MILLRACE_HTTP_TOKEN: TOKEN });
    const port = portOf(await child.waitForLine(/HTTP at http:\/\/127\.0\.0\.1:\d+, control allowed/));
    await child.waitForLine(/RUNNING/);
    await until(async () => (await ask({ port }, { path: '/ready' })).status === 200);
    const [job] = JSON.parse((await ask({ port }, { path: '/api/jobs' })).body).jobs;
    assert.deepEqual([job.name, job.plan.guarantee], ['http-bridge', 'at-least-once']);
    const headers = [`Authorization: Bearer ${TOKEN}`, 'Content-Type: application/json'];
    const drained = await ask({ port }, { method: 'POST', path: '/api/jobs/http-bridge/drain', headers });
    assert.equal(drained.status, 200);
    assert.deepEqual(await child.exited, { code: 0, signal: null });
    assert.ok(![...child.stdout, ...child.stderr].some((line) => line.includes(TOKEN)));
  },
);

test(
  'where others reach it a bridge wants a token, exit code 2, and says at each start that it is not encrypted',
  LIMIT,
  async () => {
    const { url } = await startAedes();
    await using bare = startCli(bridge(url, '0.0.0.0:0'));
    assert.equal((await bare.exited).code, 2);
    assert.match(bare.stderr.join('\n'), /is reached by others, which needs a token/);
    await using child = startCli(bridge(url, '0.0.0.0:0'), { MILLRACE_HTTP_TOKEN: TOKEN });
    const port = portOf(await child.waitForLine(/HTTP at/));
    await child.waitForLine(/note: .* is reached by others, and not encrypted: the token can be read on the way/);
    await using second = startCli(bridge(url, String(port)));
    assert.equal((await second.exited).code, 1);
    assert.match(second.stderr.join('\n'), /another process listens there/);
  },
);
