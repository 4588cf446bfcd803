import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { MosquittoOptions } from '../support/brokers/mosquitto.js';
import type { Child } from '../support/child-process.js';
import { publishAll } from '../support/clients/mosquitto-pub.js';
import { startMosquittoSub } from '../support/clients/mosquitto-sub.js';
import { SUITE_LIMIT } from '../support/limits.js';
import { startChaosProxy } from '../support/proxy/chaos-proxy.js';
import { BridgeSite, DOWN, numbered, type Seen, UP } from '../support/rigs/bridge-site.js';
import { runCli } from '../support/start-cli.js';

/*
 * The five of docs/operations.md, "When a route stands still": what an operator sees of each from outside, whether what the page says mends it,
 * and that everything has arrived once then. The other route of the file goes on all the while.
 */

const EXACT = `${UP}    guarantee: exactly-once\n`;
const TOKEN = randomBytes(16).toString('hex');

/** A bridge that runs and is watched, and what the cloud gets, each message with its number. */
class Scene {
  readonly site: BridgeSite;
  readonly bridge: Child;
  readonly seen: Seen;

  private constructor(site: BridgeSite, bridge: Child, seen: Seen) {
    this.site = site;
    this.bridge = bridge;
    this.seen = seen;
  }

  static async begin(
    up = EXACT,
    cloud: MosquittoOptions = {},
    front?: (site: BridgeSite) => Promise<string>,
  ): Promise<Scene> {
    const site = await BridgeSite.start({ cloud: { persistence: true, ...cloud } });
    if (front !== undefined) site.environment.CLOUD = await front(site);
    site.environment.MILLRACE_HTTP_TOKEN = TOKEN;
    // from now on the cloud keeps what comes for it
    await (await startMosquittoSub(witness(site))).close();
    const bridge = await site.run(up + DOWN, '--http', '0', '--allow-control');
    const scene = new Scene(site, bridge, await site.watch(bridge));
    await scene.seen.untilReady();
    return scene;
  }

  publish(texts: readonly string[]): Promise<void> {
    return publishAll({ port: this.site.edge.port, topic: 'plant/a', qos: 2 }, texts);
  }

  /** What a route has failed by. */
  async errorOf(name: string): Promise<ToldError> {
    const ended = (await this.seen.jobs()).ended.filter((job) => job.name === name && job.status === 'FAILED');
    return ended.at(-1)?.error as ToldError;
  }

  async otherRouteGoesOn(): Promise<void> {
    await using below = await startMosquittoSub({ port: this.site.edge.port, topic: 'plant/cmd/#' });
    await publishAll({ port: this.site.cloud.port, topic: 'site7/cmd/go', qos: 1 }, ['go']);
    await below.untilCount(1);
  }

  async hasNothingToDeliver(): Promise<void> {
    await this.seen.untilReady();
    await this.seen.untilRoute('up', ({ outboxes }) => outboxes.every(({ messages }) => messages === 0));
  }

  /** It is ready again, and all of it is there, once and in order; then the bridge ends. */
  async hasDelivered(texts: readonly string[]): Promise<void> {
    await this.hasNothingToDeliver();
    assert.deepEqual(await this.bridge.end('SIGTERM'), { code: 0, signal: null });
    await using cloud = await startMosquittoSub(witness(this.site));
    await cloud.untilCount(texts.length);
    assert.deepEqual(cloud.texts, texts);
  }
}

/** The outboxes of a route by `millrace inspect`, beside the bridge that has the directory. */
async function storedFor(job: string, dir: string) {
  const { code, stdout } = await runCli(['inspect', dir, '--job', job, '--json']);
  assert.equal(code, 0);
  const { partitions } = JSON.parse(stdout.join(''));
  return partitions[0].contents.sinks[0].outboxes;
}

interface ToldError {
  readonly code: string;
  readonly message: string;
  readonly advice: string;
  readonly details: Readonly<Record<string, unknown>>;
}

const witness = ({ cloud }: BridgeSite) => ({ port: cloud.port, topic: 'site7/plant/#', clientId: 'witness' }) as const;

describe('a route stands still', SUITE_LIMIT, () => {
  test('its broker is away: the sink is not connected, and why, and what waits for it; it goes on by itself', async () => {
    const scene = await Scene.begin();
    const { seen, site } = scene;
    await site.cloud.stop();
    await scene.publish(numbered(20));
    await seen.untilReason(/^sink "site7-up" is not connected: .*connection refused/);
    const { outboxes, sessions, errors } = await seen.untilRoute('up', ({ outboxes }) => outboxes[0]?.messages === 20);
    assert.equal(outboxes[0]?.sink, 'site7-up');
    const away = sessions.find(({ connected }) => !connected);
    assert.equal(away?.name, 'site7-up-0');
    assert.match(away?.trouble?.message ?? '', /ECONNREFUSED/);
    assert.equal(away?.trouble?.retried, true);
    assert.ok(errors.length > 0);
    assert.match(await seen.metrics(), /^millrace_connected\{.*sink="site7-up".*\} 0$/m);
    await site.cloud.start();
    await scene.hasDelivered(numbered(20));
  });

  test('an access rule of the broker: the route has failed, with what was refused; SIGHUP starts it when that is mended', async () => {
    const rules = ['topic read #', 'topic write site7/cmd/#'];
    const scene = await Scene.begin(EXACT, { acl: rules });
    const { seen, site, bridge } = scene;
    await scene.publish(numbered(3));
    await seen.untilReason(/^job "up" has FAILED: .*not authorized/i);
    const { code, advice, details } = await scene.errorOf('up');
    assert.equal(code, 'PUBLISH_REFUSED');
    assert.match(advice, /Allow the user to publish to this topic in the access control of the broker/);
    assert.equal(details.topic, 'site7/plant/a');
    await scene.otherRouteGoesOn();
    writeFileSync(join(site.cloud.dir, 'acl'), `${[...rules, 'topic write site7/plant/#'].join('\n')}\n`);
    await site.cloud.reconfigure();
    await site.reload(bridge, EXACT + DOWN, /reloaded: started again up/);
    await scene.hasDelivered(numbered(3));
  });

  test('a full outbox: that it is, and its bound; it empties when its broker is back', async () => {
    const scene = await Scene.begin(`${EXACT}    maxOutboxMessages: 10\n`);
    const { seen, site } = scene;
    await site.cloud.stop();
    await scene.publish(numbered(50));
    await seen.untilReason(/^the outbox of sink "site7-up" is full: what leads to it is not read$/);
    const { outboxes, events } = await seen.untilRoute('up', ({ outboxes }) => (outboxes[0]?.messages ?? 0) >= 10);
    assert.equal(outboxes[0]?.maxMessages, 10);
    assert.ok((outboxes[0]?.messages ?? 0) < 50);
    assert.ok(events.some(({ event }) => event === 'outbox-full'));
    const [{ rows, oldest }] = await storedFor('up', join(site.folder, 'state'));
    assert.deepEqual([rows, oldest.topic], [outboxes[0]?.messages, 'site7/plant/a']);
    assert.match(await seen.metrics(), /^millrace_job_outbox_messages\{.*sink="site7-up".*\} \d\d$/m);
    await site.cloud.start();
    await scene.hasDelivered(numbered(50));
  });

  test('a poison message: the route has failed at it; with dead letters it goes on without it, and the letter is replayed once the limit is raised', async () => {
    const scene = await Scene.begin(EXACT, { config: ['message_size_limit 1000'] });
    const { seen, site, bridge } = scene;
    const poison = 'x'.repeat(2000);
    await scene.publish(['0', poison, '1', '2']);
    await seen.untilReason(/^job "up" has FAILED: /);
    const { code, message, advice } = await scene.errorOf('up');
    assert.equal(code, 'PUBLISH_REFUSED');
    assert.match(message, /topic "site7\/plant\/a": Packet too large .*\(item 1 of sink "site7-up"/);
    assert.match(advice, /raise the limit of the broker/);
    await scene.otherRouteGoesOn();
    await site.reload(bridge, `${EXACT}    deadLetters: {file: letters.jsonl}\n${DOWN}`, /reloaded: changed up/);
    await scene.hasNothingToDeliver();
    const file = join(site.folder, 'letters.jsonl');
    const listed = await runCli(['dead-letters', 'list', '--file', file, '--json']);
    assert.deepEqual(
      listed.stdout.map((line) => JSON.parse(line)).map(({ topic, error, bytes }) => [topic, error.code, bytes]),
      [['site7/plant/a', 'PUBLISH_REFUSED', poison.length]],
    );
    await site.cloud.reconfigure((text) => text.replace('message_size_limit 1000', 'message_size_limit 100000'));
    const to = ['--to', site.cloud.url, '--client-id', 'replay', '--dir', join(site.folder, 'replay')];
    const replay = ['dead-letters', 'replay', '--file', file, ...to];
    assert.equal((await runCli(replay)).code, 0);
    // what was published once is not published again
    assert.equal((await runCli(replay)).code, 0);
    await scene.hasDelivered(['0', '1', '2', poison]);
  });

  test('a stuck window: the broker answers and confirms nothing; a restart of the route sends it again', async () => {
    let armed = () => {};
    let mended = () => {};
    const scene = await Scene.begin(EXACT, {}, async ({ cloud }) => {
      const proxy = await startChaosProxy({ to: cloud });
      armed = () => {
        const fault = proxy.drop({ from: 'server', type: 'pubrec', times: Number.POSITIVE_INFINITY });
        mended = () => fault.disarm();
      };
      return proxy.url;
    });
    const { seen } = scene;
    armed();
    await scene.publish(numbered(20));
    const reason = /^sink "site7-up" is connected, and its broker has confirmed none of 20 messages for \d+ s$/;
    await seen.untilReason(reason);
    const stuck = await seen.route('up');
    const { inFlight, unconfirmedMs } = stuck?.windows[0] ?? {};
    assert.equal(inFlight, 20);
    assert.ok((unconfirmedMs ?? 0) >= 10_000);
    assert.equal(stuck?.rates.deliveredPerSecond, 0);
    mended();
    assert.ok([200, 202].includes(await seen.control('up', 'restart', TOKEN)));
    await scene.hasDelivered(numbered(20));
  });
});
