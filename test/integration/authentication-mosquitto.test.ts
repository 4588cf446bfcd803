import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Engine, MqttSinks, MqttSources, Pipeline } from '../../src/index.js';
import { scramSha256 } from '../../src/mqtt/connection/authentication/scram-sha-256.js';
import { type Mosquitto, startMosquitto } from '../support/brokers/mosquitto.js';
import { saslPluginConfig, saslPluginMissing } from '../support/brokers/sasl-plugin.js';
import { LIMIT } from '../support/limits.js';
import { connectionRig, wanted } from '../support/rigs/connection-rig.js';
import { startCli } from '../support/start-cli.js';
import { tempDir } from '../support/temp-dir.js';
import { Told } from '../support/told.js';
import { until } from '../support/until.js';

const USERNAME = 'plänt, 1=2';
const PASSWORD = 'pencil\u00adß';
const skip = saslPluginMissing() ?? false;

describe('enhanced authentication: mosquitto, with the SCRAM-SHA-256 of GNU SASL', { skip }, () => {
  let broker: Mosquitto;
  const authentication = scramSha256({ username: USERNAME, password: PASSWORD });

  before(async () => {
    broker = await startMosquitto({ config: saslPluginConfig(USERNAME, PASSWORD) });
  });
  after(() => broker?.stop());

  it('both ends prove that they know the password, the discarding connection too', LIMIT, async () => {
    const rig = connectionRig(broker.url, { authentication }, { subscriptions: [wanted('t')] });
    await rig.open();
    rig.publish(0, 't');
    await until(() => rig.messages.length === 1 && rig.delivered.length === 1);
    assert.equal(broker.log.filter((line) => /rig authenticated/.test(line)).length, 2);
    await rig.connection.close();
  });

  it('a wrong password, an unknown user and another method are refused', LIMIT, async () => {
    for (const [username, password] of [
      [USERNAME, 'pen'],
      ['nobody', PASSWORD],
    ] as const) {
      const wrong = scramSha256({ username, password });
      const rig = connectionRig(broker.url, { authentication: wrong }, { startClean: false });
      await assert.rejects(rig.open(), { code: 'NOT_AUTHORIZED', reasonCode: 0x87 });
    }
    const other = { ...authentication, method: 'SCRAM-SHA-512' };
    const rig = connectionRig(broker.url, { authentication: other }, { startClean: false });
    await assert.rejects(rig.open(), { code: 'CONNECTION_REFUSED_BY_BROKER', reasonCode: 0x8c });
  });

  it('authenticates anew on a live connection, as often as is asked', LIMIT, async () => {
    using told = new Told('reauthenticated', 'disconnect');
    const again = scramSha256(async () => ({ username: USERNAME, password: PASSWORD }), { reauthenticateEvery: 1000 });
    const rig = connectionRig(broker.url, { authentication: again }, { startClean: false });
    await rig.open();
    await until(() => told.events.length >= 2);
    rig.publish(0, 'u');
    await until(() => rig.delivered.length === 1);
    assert.ok(told.names.every((name) => name === 'reauthenticated'));
    await rig.connection.close();
  });

  it('quirk: it ends a connection on which messages flow meanwhile, and none is lost by that', LIMIT, async () => {
    const again = scramSha256({ username: USERNAME, password: PASSWORD }, { reauthenticateEvery: 1000 });
    const rig = connectionRig(broker.url, { authentication: again }, { subscriptions: [wanted('u')] });
    await rig.open();
    let sent = 0;
    await until(() => {
      if (rig.connection.session.credit > 0) rig.publish(sent++, 'u');
      return rig.granted.length >= 2;
    });
    await until(() => new Set(rig.messages.map(({ text }) => text)).size === sent && rig.delivered.length === sent);
    // its DISCONNECT 0x82 may be overtaken by the reset of what it had not read
    await broker.waitForLog(/protocol error/);
    assert.match(rig.disconnects[0]?.code ?? '', /^(DISCONNECTED_BY_BROKER|CONNECTION_LOST)$/);
    await rig.connection.close();
  });

  it('the bridge command, by --auth, exactly once over a restart too', LIMIT, async () => {
    const url = `mqtt://${encodeURIComponent(USERNAME)}@127.0.0.1:${broker.port}`;
    const args = [
      ...['bridge', '--from', url, '--topic', 'bridge/#', '--to', url, '--to-topic', 'out/{topic}'],
      ...['--client-id', 'bridge', '--auth', 'scram-sha-256', '--password-env', 'SCRAM'],
      ...['--guarantee', 'exactly-once', '--dir', join(tempDir('bridge'), 'state')],
    ];
    const filter = wanted('out/bridge/#', { qos: 2 });
    const rig = connectionRig(broker.url, { authentication, clientId: 'ends' }, { subscriptions: [filter] });
    await rig.open();
    for (const start of [0, 1]) {
      await using bridge = startCli(args, { SCRAM: PASSWORD });
      await bridge.waitForLine(/RUNNING/);
      rig.publish(start, 'bridge/m', { qos: 2 });
      await until(() => rig.messages.length === start + 1);
      assert.deepEqual(await bridge.end('SIGTERM'), { code: 0, signal: null });
    }
    for (const client of ['bridge', 'bridge-0']) {
      assert.ok(broker.log.some((line) => line.endsWith(`sasl: ${client} authenticated`)));
    }
    assert.deepEqual(
      rig.messages.map(({ text }) => text),
      ['0', '1'],
    );
    await rig.connection.close();
  });

  it('a job whose source and sink authenticate so', LIMIT, async () => {
    const connect = () => ({ authentication });
    const pipeline = Pipeline.create();
    pipeline
      .readFrom(
        MqttSources.builder().clientId('job-in').broker(broker.url).topic('in').connectOptionsFn(connect).build(),
      )
      .map((payload) => Buffer.from(payload).toString().toUpperCase())
      .writeTo(
        MqttSinks.builder<string>()
          .clientId('job-out')
          .broker(broker.url)
          .topic('out')
          .connectOptionsFn(connect)
          .build(),
      );
    const rig = connectionRig(broker.url, { authentication, clientId: 'job-ends' }, { subscriptions: [wanted('out')] });
    await rig.open();
    const engine = Engine.embedded();
    const job = engine.newJob(pipeline);
    await job.whenRunning();
    rig.publish(0, 'in', { payload: Buffer.from('word') });
    await until(() => rig.messages.some(({ text }) => text === 'WORD'));
    await engine.shutdown();
    await rig.connection.close();
  });
});
