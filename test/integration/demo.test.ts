import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startChild } from '../support/child-process.js';
import { LIMIT } from '../support/limits.js';
import { programArgs } from '../support/program-args.js';

const MAIN = programArgs('examples/demo/main.ts');
const startDemo = (...args: readonly string[]) => startChild(process.execPath, [...MAIN, ...args]);

/** The number at the start of the line that ends so. */
function count(lines: readonly string[], ending: RegExp): number {
  const line = lines.find((candidate) => ending.test(candidate)) ?? '';
  return Number(/^[\d,]+/.exec(line)?.[0].replaceAll(',', ''));
}

function assertNothingLost(lines: readonly string[]): void {
  const published = count(lines, /published by the sensors$/);
  assert.ok(published > 0, lines.join('\n'));
  assert.ok(count(lines, /acknowledged by the pipeline$/) >= published);
  assert.equal(lines.at(-1), 'Nothing was lost.');
}

test('the demo ends by itself with a summary in which nothing is lost', LIMIT, async () => {
  const demo = startDemo('--seconds', '2');
  assert.deepEqual(await demo.exited, { code: 0, signal: null }, demo.stderr.join('\n'));
  assert.ok(demo.stdout.some((line) => line.includes('100 %') && line.includes('sensors')));
  assertNothingLost(demo.stdout);
});

test('the demo on a cluster says where the page of each node is', LIMIT, async () => {
  const demo = startDemo('--cluster', '--seconds', '60');
  const line = await demo.waitForLine(/in a browser, by node/);
  const urls = line.match(/http:\S+/g) ?? [];
  assert.equal(urls.length, 3);
  for (const url of urls) {
    const { jobs } = JSON.parse(await (await fetch(`${url}/api/jobs`)).text());
    assert.equal(jobs.length, 1, url);
  }
  await demo.end('SIGINT');
});

test('SIGINT drains the demo, which has said where its page is', LIMIT, async () => {
  const demo = startDemo('--rate', '500');
  const url = /http:\S+/.exec(await demo.waitForLine(/in a browser/))?.[0] ?? '';
  assert.match(await (await fetch(url)).text(), /<title>Millrace<\/title>/);
  await demo.waitForLine(/pipeline out/);
  assert.deepEqual(await demo.end('SIGINT'), { code: 0, signal: null });
  assertNothingLost(demo.stdout);
});
