import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { channel } from 'node:diagnostics_channel';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { connectAsync } from 'mqtt';
import type { Page } from 'playwright-core';
import { serve } from '../../src/http/index.js';
import { DeadLetters, Engine, Pipeline, Sinks, TestSources } from '../../src/index.js';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { CHROMIUM, openPage } from '../support/browser/open-page.js';
import { onCleanup } from '../support/cleanup.js';
import { SUITE_LIMIT } from '../support/limits.js';
import { startCli } from '../support/start-cli.js';
import { tempDir } from '../support/temp-dir.js';
import { until } from '../support/until.js';

/*
 * The page in a real browser. MILLRACE_SCREENSHOTS=docs/images keeps the pictures of the documentation, which this test makes.
 */
const TOKEN = randomBytes(16).toString('hex');
const MARKUP = `<img src=x onerror="document.title='obeyed'">`;
const PHONE = { width: 360, height: 740 };
const SCREENSHOTS = process.env.MILLRACE_SCREENSHOTS ?? tempDir('screenshots');

const screenshot = async (page: Page, name: string): Promise<void> => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
};

/** Resolves when the page says so, in the element with this id. */
const says = (page: Page, id: string, pattern: RegExp): Promise<void> =>
  page.locator(`#${id}`).filter({ hasText: pattern }).waitFor();

const isScrolledAside = async (page: Page): Promise<boolean> =>
  (await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')) > 0;

/** Publishes to a broker until it is disposed: 200 messages a second below `in/`, and one with markup as its topic. */
const startSensors = async (url: string): Promise<Disposable> => {
  const client = await connectAsync(url);
  onCleanup(() => client.endAsync(true));
  // one below the QoS that the guarantee needs is told with its topic
  await client.publishAsync(`in/${MARKUP}`, 'x', { qos: 0 });
  const timer = setInterval(() => {
    for (let number = 0; number < 20; number += 1) client.publish(`in/${number}`, String(number), { qos: 1 });
  }, 100);
  return { [Symbol.dispose]: () => clearInterval(timer) };
};

const bridgeArgs = (from: string, to: string): readonly string[] => [
  ...['bridge', '--from', from, '--topic', 'in/#', '--to', to, '--to-topic', 'out/{topic}', '--client-id', 'plant'],
  ...['--guarantee', 'exactly-once', '--on-session-loss', 'redeliver', '--dir', join(tempDir('store'), 'd')],
  ...['--http', '0', '--allow-control'],
];

const endless = (): Pipeline => {
  const pipeline = Pipeline.create();
  pipeline.readFrom(TestSources.itemStream(100, () => 1)).writeTo(Sinks.noop());
  return pipeline;
};

/** It goes on, and its first item is a dead letter. */
const rejecting = (file: string): Pipeline => {
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(TestSources.itemStream(100, (_, sequence) => sequence))
    .filter((sequence) => sequence === 0)
    .map(() => MARKUP)
    .peek(
      () => {
        throw new Error(MARKUP);
      },
      { onError: { deadLetter: DeadLetters.file(file) } },
    )
    .writeTo(Sinks.noop());
  return pipeline;
};

const SUITE = { ...SUITE_LIMIT, skip: CHROMIUM === undefined ? 'there is no chromium' : false };

describe('the page', SUITE, () => {
  it('shows a bridge at work, a broker that is killed and comes back, and is used to suspend and resume it', async () => {
    const [from, to] = [await startMosquitto(), await startMosquitto({ persistence: true })];
    await using child = startCli(bridgeArgs(from.url, to.url), { MILLRACE_HTTP_TOKEN: TOKEN });
    const url = /http:\S+\d/.exec(await child.waitForLine(/HTTP at http/))?.[0] ?? '';
    const { page, complaints, urls } = await openPage();
    await page.goto(url);
    await says(page, 'job-status', /RUNNING/);
    using _sensors = await startSensors(from.url);
    await says(page, 'figures', /received\d{3}\/s/);
    await says(page, 'picture', /\d{3}\/s/);
    await page.emulateMedia({ colorScheme: 'light' });
    // what a publisher chose is text
    await says(page, 'events', /<img src=x onerror=/);
    assert.equal(await page.locator('main img').count(), 0);
    await screenshot(page, 'page');

    await to.kill();
    await says(page, 'reasons', /sink "plant" is not connected/);
    await says(page, 'connections', /away, tried again.*CONNECT_FAILED: .*What to do: /);
    await says(page, 'errors', /CONNECT(ION)?_/);
    await says(page, 'picture', /▲ not connected/);
    await says(page, 'said', /is not connected/);
    await says(page, 'figures', /outbox\d{3}/);
    await screenshot(page, 'page-broker-away');
    await to.start();
    await page.locator('#reasons').waitFor({ state: 'hidden' });

    await page.getByRole('button', { name: 'Suspend' }).click();
    await page.getByRole('textbox', { name: 'Token' }).fill(TOKEN);
    await page.getByRole('button', { name: 'Use it' }).click();
    await says(page, 'job-status', /SUSPENDED/);
    await page.getByRole('button', { name: 'Resume' }).click();
    await says(page, 'job-status', /RUNNING/);

    await page.setViewportSize(PHONE);
    await page.emulateMedia({ colorScheme: 'dark' });
    await says(page, 'picture', /● writes/);
    assert.equal(await isScrolledAside(page), false);
    await screenshot(page, 'page-phone');
    assert.deepEqual(complaints, []);
    assert.deepEqual([...new Set(urls.map((one) => new URL(one).origin))], [url]);
    assert.ok(!urls.some((one) => one.includes(TOKEN)));
    assert.equal(await child.end().then(({ code }) => code), 0);
  });

  it('asks for the token where one is needed, says when it is wrong, keeps it for the tab alone; and is used by keys', async () => {
    await using engine = Engine.embedded();
    await using served = await serve(engine, { host: '0.0.0.0', port: 0, token: TOKEN, warnings: false });
    await engine.newJob(endless(), { name: 'orders' }).whenRunning();
    const { page, complaints } = await openPage();
    await page.goto(`http://127.0.0.1:${served.port}`);
    const field = page.getByRole('textbox', { name: 'Token' });
    await field.fill(TOKEN.replaceAll(/./g, 'f0').slice(0, 32));
    await page.keyboard.press('Enter');
    await says(page, 'token-why', /not the one that the server has/);
    await field.fill(TOKEN);
    await page.keyboard.press('Enter');
    await says(page, 'feed', /live/);
    await page.reload();
    await says(page, 'feed', /live/);
    assert.ok(!page.url().includes(TOKEN));
    assert.equal(await page.evaluate('JSON.stringify(localStorage)'), '{}');
    assert.equal(await page.locator('#controls').isVisible(), false);

    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'To the job');
    const chart = page.getByRole('slider', { name: /^Rate/ });
    await chart.focus();
    await until(async () => {
      await page.keyboard.press('ArrowLeft');
      return /^\d+ s ago: received \d+\/s/.test((await chart.getAttribute('aria-valuetext')) ?? '');
    });
    const oldest = async (): Promise<number> => {
      await chart.press('Home');
      return Number(/^(\d+) s ago: received \d/.exec((await chart.getAttribute('aria-valuetext')) ?? '')?.[1] ?? 0);
    };
    await until(async () => (await oldest()) >= 5);
    // one that is opened later shows what was before it
    await page.reload();
    await says(page, 'feed', /live/);
    await says(page, 'figures', /received/);
    assert.ok((await oldest()) >= 5);
    // nothing else but the two refusals was complained about
    assert.ok(
      complaints.every((one) => /status of (401|429)/.test(one)),
      complaints.join('\n'),
    );
  });

  it('lists dead letters, and saves the payload of one to a file, with the token and without showing it', async () => {
    await using engine = Engine.embedded({ warnings: false });
    await using served = await serve(engine, { host: '0.0.0.0', port: 0, token: TOKEN, warnings: false });
    await engine.newJob(rejecting(join(tempDir('letters'), 'letters.jsonl')), { name: 'orders' }).whenRunning();
    const { page, complaints } = await openPage();
    await page.goto(`http://127.0.0.1:${served.port}`);
    await page.getByRole('textbox', { name: 'Token' }).fill(TOKEN);
    await page.keyboard.press('Enter');
    await says(page, 'letters', /<img src=x onerror=/);
    assert.equal(await page.locator('main img').count(), 0);
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: /^Save the payload/ }).click();
    const saved = await download;
    assert.match(saved.suggestedFilename(), /^letter-[0-9a-f]{16}-0-\d+\.bin$/);
    assert.equal(readFileSync(await saved.path(), 'utf8'), MARKUP);
    assert.equal(await page.title(), 'orders – Millrace');
    assert.ok(
      complaints.every((one) => /status of 401/.test(one)),
      complaints.join('\n'),
    );
  });

  it('has a hundred events of thousands, each once and the newest first, and stays live', async () => {
    await using engine = Engine.embedded({ warnings: false });
    await using served = await serve(engine, { port: 0 });
    const job = engine.newJob(endless(), { name: 'orders' });
    await job.whenRunning();
    const { page, complaints } = await openPage();
    await page.goto(served.url);
    await says(page, 'events', /RUNNING/);
    for (let round = 1; round <= 3; round += 1) {
      for (let number = 1; number <= 1000; number += 1)
        channel('millrace:retrying').publish({ job: 'orders', part: `part ${round}-${number}`, topic: MARKUP });
      await page
        .locator('#events li')
        .first()
        .filter({ hasText: `part ${round}-1000 · <img` })
        .waitFor();
    }
    const titles = await page.locator('#events li b').allTextContents();
    assert.deepEqual([titles.length, new Set(titles).size], [100, 100]);
    await says(page, 'feed', /live/);
    assert.deepEqual(complaints, []);
  });
});
