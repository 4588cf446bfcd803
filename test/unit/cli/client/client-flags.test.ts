import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inClientFlags } from '../../../../src/cli/client/in-client-flags.js';
import { parsePubFlags } from '../../../../src/cli/pub/parse-pub-flags.js';
import { parseSubFlags } from '../../../../src/cli/sub/parse-sub-flags.js';

const sub = (line: string, environment: NodeJS.ProcessEnv = {}) =>
  parseSubFlags(`-t x ${line}`.trim().split(' '), environment);
const pub = (...args: readonly string[]) => parsePubFlags(['-t', 'x', ...args], {});
const refusal = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return error instanceof Error ? error.message : '';
  }
  return 'taken';
};

describe('the flags of pub and sub', () => {
  it('have the letters and the defaults of mosquitto and MQTT.js', () => {
    const plain = sub('');
    assert.equal(plain.broker.url, 'mqtt://localhost:1883');
    assert.deepEqual([plain.qos, plain.count, plain.keepSession, plain.clientId], [0, undefined, false, undefined]);
    const given = sub('-h broker -p 2000 -u alice -i me -q 2 -k 17 -c -C 3 -W 1.5 -v -V mqttv311 -T y/#');
    assert.equal(given.broker.url, 'mqtt://broker:2000');
    assert.deepEqual([given.broker.username, given.broker.keepAlive, given.broker.version], ['alice', 17, 4]);
    assert.deepEqual([given.clientId, given.qos, given.count, given.timeoutMs], ['me', 2, 3, 1500]);
    assert.deepEqual([given.keepSession, given.excluded, given.form.verbose], [true, ['y/#'], true]);
    assert.equal(sub('-h ::1').broker.url, 'mqtt://[::1]:1883');
    assert.equal(sub('--servername other').broker.url, 'mqtts://localhost:8883');
    assert.deepEqual(
      ['5', '311', '31', 'mqttv5', '4'].map((version) => sub(`-V ${version}`).broker.version),
      [5, 4, 3, 5, 4],
    );
  });

  it('read the password where others cannot, and never from the command line alone', () => {
    assert.match(
      refusal(() => sub('-u a -P secret')),
      /^-P is not an option: a password on the command line can be read/,
    );
    const { broker } = sub('-u a --password-env P', { P: 'hunter2' });
    assert.deepEqual([broker.password, broker.passwordInUrl], ['hunter2', false]);
    assert.equal(sub('-L mqtt://a:b@h').broker.passwordInUrl, true);
    assert.match(
      refusal(() => sub('--password-env P', { P: 'hunter2' })),
      /belongs to nobody/,
    );
  });

  it('say what an option of other clients is called here, and why there is none', () => {
    for (const [line, said] of [
      ['--cafile f', /there is no option --cafile here: --ca does that/],
      ['--will-message gone', /there is no option --will-message here: --will-payload does that/],
      ['-F %p', /there is no option -F here: --json does that/],
      ['--insecure', /--insecure is not an option: a certificate that is not verified protects nothing/],
      ['--pw x', /--pw is not an option: a password on the command line/],
    ] as const)
      assert.match(
        refusal(() => sub(line)),
        said,
      );
  });

  it('refuse what contradicts itself, naming the option', () => {
    assert.match(
      refusal(() => sub('-L mqtt://h -p 1')),
      /--url and --port exclude each other/,
    );
    assert.match(
      refusal(() => sub('-L mqtt://h/topic')),
      /a topic does not belong into the URL of a broker/,
    );
    assert.match(
      refusal(() => sub('-L mqtt://h --ca f')),
      /--ca needs an mqtts or wss URL/,
    );
    assert.match(
      refusal(() => sub('-c')),
      /--keep-session needs --client-id/,
    );
    assert.match(
      refusal(() => sub('-x 5')),
      /--session-expiry needs --keep-session/,
    );
    assert.match(
      refusal(() => sub('-c -i a -x 5 -V 4')),
      /--session-expiry needs --mqtt 5/,
    );
    assert.match(
      refusal(() => sub('-R --retained-only')),
      /exclude each other/,
    );
    assert.match(
      refusal(() => sub('--json --raw')),
      /exclude each other/,
    );
    assert.match(
      refusal(() => sub('--will-qos 1')),
      /--will-qos needs --will-topic/,
    );
    assert.match(
      refusal(() => pub()),
      /what to publish is missing/,
    );
    assert.match(
      refusal(() => pub('-m', 'a', '-n')),
      /--message and --null-message exclude each other/,
    );
    assert.match(
      refusal(() => pub('-m', 'a', '--user-property', 'b')),
      /NAME=VALUE/,
    );
    assert.match(
      refusal(() => parsePubFlags(['-t', 'a/+', '-m', 'x'], {})),
      /--topic: a topic name has no wildcards/,
    );
  });

  it('pub has a message, its properties and a will', () => {
    const given = pub('-m', '-5', '-r', '--user-property', 'a=b=c', 'd=', '--message-expiry', '2', '--payload-text');
    assert.deepEqual(given.input, { from: 'here', payload: Buffer.from('-5') });
    assert.equal(given.retain, true);
    assert.deepEqual(given.properties?.userProperties, [
      ['a', 'b=c'],
      ['d', ''],
    ]);
    assert.equal(given.properties?.messageExpiryInterval, 2);
    assert.equal(pub('-l').properties, undefined);
    const { will } = pub('-n', '--will-topic', 'gone', '--will-payload', 'x', '--will-qos', '1', '--will-delay', '2');
    assert.deepEqual(will, {
      topic: 'gone',
      payload: 'x',
      qos: 1,
      retain: false,
      properties: { willDelayInterval: 2 },
    });
  });

  it('an error of the library is in their words', () => {
    assert.equal(
      inClientFlags('the MQTT source cannot be built: qualityOfService must be 0, 1 or 2'),
      '--qos must be 0, 1 or 2',
    );
    assert.equal(inClientFlags('MQTT sink "mqtt://h x": refused'), 'refused');
  });
});
