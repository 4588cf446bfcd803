import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseBridgeOptions } from '../../../../src/cli/bridge/parse-bridge-options.js';
import { MillraceError } from '../../../../src/errors/index.js';

const directory = mkdtempSync(join(tmpdir(), 'millrace-cli-'));
after(() => rmSync(directory, { recursive: true }));
const file = (name: string, content: string) => {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
};

const SECRET = 'hunter2-S3CRET';
const NEEDED = {
  '--from': 'mqtt://a',
  '--topic': 'in/#',
  '--to': 'mqtt://b',
  '--to-topic': '{topic}',
  '--client-id': 'bridge',
};

/** A complete command line with some options replaced; undefined leaves one out. */
const line = (changes: Readonly<Record<string, string | undefined>>, ...more: string[]) => [
  ...Object.entries({ ...NEEDED, ...changes }).flatMap(([name, value]) => (value === undefined ? [] : [name, value])),
  ...more,
];
const parse = (changes: Readonly<Record<string, string | undefined>> = {}, ...more: string[]) =>
  parseBridgeOptions(line(changes, ...more), { SECRET_VARIABLE: SECRET });

test('the defaults are QoS 1, at-least-once, ten seconds to drain and to connect', () => {
  const options = parse();
  assert.equal(options.qos, 1);
  assert.equal(options.guarantee, 'at-least-once');
  assert.equal(options.drainTimeoutMs, 10_000);
  assert.equal(options.connectTimeoutMs, 10_000);
  assert.deepEqual([options.from.version, options.to.version], [undefined, undefined]);
  assert.equal(options.stopAfter, undefined);
  assert.equal(options.stats || options.json, false);
});

test('QoS 0 turns the guarantee to none by default', () => {
  assert.equal(parse({ '--qos': '0' }).guarantee, 'none');
  assert.throws(() => parse({ '--qos': '0', '--guarantee': 'at-least-once' }), {
    message: /--guarantee at-least-once needs --qos 1 or 2/,
  });
});

test('--topic takes several filters and may repeat', () => {
  const options = parse({ '--topic': undefined }, '--topic', 'a/#', 'b/+', '--topic=c', '--qos', '2');
  assert.deepEqual(options.filters, ['a/#', 'b/+', 'c']);
});

test('exactly-once takes QoS 2 and a directory, and says so', () => {
  const { qos, guarantee } = parse({ '--guarantee': 'exactly-once', '--dir': 'state' });
  assert.deepEqual({ qos, guarantee }, { qos: 2, guarantee: 'exactly-once' });
  assert.throws(() => parse({ '--guarantee': 'exactly-once' }), { code: 'INVALID_OPTIONS', message: /needs --dir/ });
  assert.throws(() => parse({ '--guarantee': 'exactly-once', '--dir': 'state', '--qos': '1' }), {
    code: 'INVALID_OPTIONS',
    message: /needs --qos 2/,
  });
});

test('--on-session-loss takes one of the policies', () => {
  assert.equal(parse().onSessionLoss, undefined);
  assert.equal(parse({ '--on-session-loss': 'drop' }).onSessionLoss, 'drop');
  assert.throws(() => parse({ '--on-session-loss': 'ignore' }), { message: /fail, redeliver or drop/ });
});

test('--dead-letters is the path of a file; without it a message that cannot be passed on fails the bridge', () => {
  assert.equal(parse().onError, 'fail');
  assert.deepEqual(parse({ '--dead-letters': 'bad.jsonl' }).onError, { file: 'bad.jsonl' });
  assert.throws(() => parse({ '--dead-letters': '' }), { message: /--dead-letters needs a value/ });
});

test('a refusal after RUNNING is fatal after --refusal-timeout seconds; without it, never', () => {
  assert.equal(parse().from.refusalTimeoutMs, undefined);
  assert.equal(parse({ '--refusal-timeout': '1.5' }).to.refusalTimeoutMs, 1500);
  assert.equal(parse({ '--refusal-timeout': '0' }).to.refusalTimeoutMs, 0);
});

test('a user in a URL is taken out of it and is that side alone', () => {
  const options = parse({
    '--from': `mqtt://al%20ice:${SECRET}@a:1884`,
    '--username': 'bob',
    '--password-env': 'SECRET_VARIABLE',
  });
  assert.deepEqual(
    [options.from.url, options.from.username, options.from.password],
    ['mqtt://a:1884', 'al ice', SECRET],
  );
  assert.deepEqual([options.to.username, options.to.password], ['bob', SECRET]);
  assert.equal(parse({ '--from': `mqtt://alice:${SECRET}@a` }).to.username, undefined);
});

test('a password option without --username belongs to the user in the URL', () => {
  const options = parse({ '--to': 'mqtt://carol@b', '--password-env': 'SECRET_VARIABLE' });
  assert.deepEqual([options.to.username, options.to.password, options.from.password], ['carol', SECRET, undefined]);
});

test('a broker may send us elsewhere only when it is allowed', () => {
  assert.equal(parse().from.followServerReference, false);
  assert.equal(parse({}, '--follow-server-reference').to.followServerReference, true);
});

test('--auth scram-sha-256 needs what it proves, and MQTT 5', () => {
  const user = { '--username': 'u', '--password-env': 'SECRET_VARIABLE' };
  assert.equal(parse(user).from.auth, 'password');
  assert.equal(parse({ ...user, '--auth': 'scram-sha-256', '--mqtt': '5' }).to.auth, 'scram-sha-256');
  assert.throws(() => parse({ '--auth': 'scram-sha-256' }), { message: /needs a user and a password/ });
  assert.throws(() => parse({ ...user, '--auth': 'scram-sha-256', '--mqtt': '4' }), { message: /needs --mqtt 5/ });
  assert.throws(() => parse({ ...user, '--auth': 'plain' }), { message: /password or scram-sha-256/ });
});

test('a password file loses one line break at its end', () => {
  const options = parse({ '--username': 'u', '--password-file': file('password', `${SECRET} \r\n`) });
  assert.equal(options.from.password, `${SECRET} `);
});

test('a repeated option, a value for a flag and a missing value are named', () => {
  assert.throws(() => parse({}, '--qos', '1', '--qos', '2'), { message: '--qos is given twice' });
  assert.throws(() => parse({}, '--stats=yes'), { message: '--stats takes no value' });
  assert.throws(() => parse({}, '--qos'), { message: '--qos needs a value' });
  assert.throws(() => parse({}, '--mqtt', '--json'), { message: '--mqtt needs a value' });
  assert.throws(() => parse({}, '--stop-afte', '3'), {
    message: 'unknown option --stop-afte, did you mean --stop-after?',
  });
});

for (const [name, value] of [
  ['--from', undefined],
  ['--topic', undefined],
  ['--to', undefined],
  ['--to-topic', undefined],
  ['--client-id', undefined],
  ['--from', 'localhost:1883'],
  ['--from', 'http://localhost'],
  ['--to', 'mqtt://'],
  ['--to', 'mqtt://b:99999'],
  ['--topic', 'a/#/b'],
  ['--to-topic', '{nonsense}'],
  ['--qos', '3'],
  ['--mqtt', '3.1.1'],
  ['--guarantee', 'exactly_once'],
  ['--stop-after', '0'],
  ['--stop-after', '1.5'],
  ['--drain-timeout', '-1'],
  ['--drain-timeout', 'soon'],
  ['--connect-timeout', '1e3'],
  ['--refusal-timeout', '-1'],
  ['--refusal-timeout', '1m'],
  ['--ca', '/nonexistent'],
] as const) {
  test(`${name} ${value ?? 'left out'} is wrong usage and says so`, () => {
    assert.throws(
      () => parse({ [name]: value }),
      (error) => {
        assert.ok(error instanceof MillraceError);
        assert.equal(error.code, 'INVALID_OPTIONS');
        assert.match(error.message, new RegExp(`^${name}`));
        assert.equal(error.details.option, name);
        return true;
      },
    );
  });
}

test('a placeholder beyond the last level of a filter is refused before anything starts', () => {
  assert.throws(() => parse({ '--topic': '$share/g/a/+', '--to-topic': '{level.3}' }), { message: /has a level 3/ });
  assert.equal(parse({ '--topic': 'a/#', '--to-topic': '{level.3}' }).template.highestLevel, 3);
});

test('TLS files need a TLS URL, and a certificate its key', () => {
  const text = '-----BEGIN CERTIFICATE-----';
  const pem = file('x.pem', text);
  assert.throws(() => parse({ '--ca': pem }), { message: /--ca needs an mqtts or wss URL/ });
  assert.throws(() => parse({ '--to': 'mqtts://b', '--cert': pem }), { message: /--key is missing/ });
  assert.throws(() => parse({ '--to': 'mqtts://b', '--key': pem }), { message: /--cert is missing/ });
  assert.equal(Buffer.from(parse({ '--to': 'wss://b', '--ca': pem }).to.tls.ca ?? []).toString(), text);
  const noPem = file('der.crt', '0');
  for (const name of ['--ca', '--cert', '--key']) {
    const others = name === '--ca' ? {} : { '--cert': pem, '--key': pem };
    assert.throws(() => parse({ '--to': 'tls://b', ...others, [name]: noPem }), {
      message: /^--\S+: .* not a PEM file/,
    });
  }
});

test('the choices of an option are named in words', () => {
  assert.throws(() => parse({ '--qos': '3' }), { message: '--qos must be 0, 1 or 2' });
  assert.throws(() => parse({ '--guarantee': 'once' }), {
    message: '--guarantee must be none, at-least-once or exactly-once',
  });
});

test("a letter is nobody else's misspelling", () => {
  assert.throws(() => parse({}, '-x'), { message: 'unknown option -x' });
});

for (const [topic, toTopic] of [
  ['in/#', '{topic}'],
  ['in/#', 'in/copy/{topic}'],
  ['in', 'in'],
  ['#', 'out/{level.3}'],
  ['$share/g/in/+', 'in/{level.2}'],
] as const) {
  test(`on one broker '${topic}' to '${toTopic}' is a loop, and refused before anything starts`, () => {
    const sides = { '--from': 'mqtt://a:1883', '--to': 'tcp://u@a:1883' };
    assert.throws(() => parse({ ...sides, '--topic': topic, '--to-topic': toTopic }), {
      message: /read its own messages/,
    });
    assert.equal(parse({ '--topic': topic, '--to-topic': toTopic }).filters.length, 1);
  });
}

for (const [from, to] of [
  ['mqtt://h', 'mqtt://h:1883'],
  ['mqtt://LOCALHOST', 'mqtt://localhost'],
  ['mqtt://Broker.Example:1884', 'tcp://broker.example.:1884'],
  ['mqtt://localhost', 'mqtt://127.0.0.1:1883'],
  ['mqtt://[::1]', 'mqtt://[0:0:0:0:0:0:0:1]:1883'],
  ['mqtts://h', 'ssl://H:8883'],
  ['ws://h/mqtt', 'ws://h:80/other'],
  ['wss://h', 'wss://h:443/mqtt'],
  ['ws://h:1883', 'mqtt://h'],
] as const) {
  test(`G7: ${from} and ${to} are one broker, and a loop over them is refused`, () => {
    const route = { '--topic': 'a/#', '--to-topic': 'a/x/{topic}' };
    for (const sides of [
      { '--from': from, '--to': to },
      { '--from': to, '--to': from },
    ]) {
      assert.throws(() => parse({ ...sides, ...route }), { message: /read its own messages/ });
    }
  });
}

for (const [from, to] of [
  ['mqtt://h', 'mqtt://h:1884'],
  ['mqtt://h', 'mqtts://h'],
  ['mqtt://127.0.0.1', 'mqtt://127.0.0.2'],
  ['mqtt://a.example', 'mqtt://b.example'],
] as const) {
  test(`G7: ${from} and ${to} may be two brokers, and no loop`, () => {
    assert.doesNotThrow(() => parse({ '--from': from, '--to': to, '--topic': 'a/#', '--to-topic': 'a/x/{topic}' }));
  });
}

test('on one broker what leads out of the filters is no loop', () => {
  const sides = { '--from': 'mqtt://a', '--to': 'mqtt://a' };
  assert.doesNotThrow(() => parse({ ...sides, '--to-topic': 'out/{topic}' }));
  // Only the topic in/in would come back: that is seen when it comes.
  assert.doesNotThrow(() => parse({ ...sides, '--topic': '+/in', '--to-topic': '{level.1}/{level.1}' }));
});

test('credentials that nobody would use are refused', () => {
  assert.throws(() => parse({ '--password-env': 'SECRET_VARIABLE' }), { message: /belongs to nobody/ });
  assert.throws(() => parse({ '--username': 'u', '--from': 'mqtt://x@a', '--to': 'mqtt://y@b' }), {
    message: /not used/,
  });
  assert.throws(() => parse({ '--username': 'u', '--password-env': 'X', '--password-file': 'y' }), {
    message: /exclude/,
  });
});

/** Wrong command lines that hold a password somewhere. */
const leaky: readonly string[][] = [
  line({ '--from': `mqtt://u:${SECRET}@host:99999` }),
  line({ '--from': `u:${SECRET}@host` }),
  line({ '--to': `http://u:${SECRET}@host` }),
  line({ '--from': `mqtt://u:${SECRET}%zz@host` }),
  line({ '--username': 'u', '--password-env': SECRET }),
  line({}, '--password', SECRET),
  line({}, `--password=${SECRET}`),
  line({}, '--username', 'u', SECRET),
  line({}, `--pasword-env=${SECRET}`),
  line({ '--username': 'u', '--password-env': 'SECRET_VARIABLE', '--qos': '9' }),
];
for (const [index, args] of leaky.entries()) {
  test(`no secret is in the error of a wrong command line (${index + 1})`, () => {
    assert.throws(
      () => parseBridgeOptions(args, { SECRET_VARIABLE: SECRET }),
      (error) => {
        assert.ok(error instanceof MillraceError);
        assert.ok(!`${error.stack} ${JSON.stringify(error)} ${error.advice}`.includes(SECRET), error.message);
        return true;
      },
    );
  });
}

test('--on-error takes a policy; a place for dead letters stands for it, and no combination contradicts itself', () => {
  assert.equal(parse({ '--on-error': 'skip' }).onError, 'skip');
  assert.deepEqual(parse({ '--dead-letter-topic': 'bad' }).onError, { topic: 'bad' });
  assert.deepEqual(parse({ '--on-error': 'dead-letter', '--dead-letters': 'f' }).onError, { file: 'f' });
  assert.throws(() => parse({ '--on-error': 'dead-letter' }), {
    message: /needs --dead-letters F or --dead-letter-topic T/,
  });
  assert.throws(() => parse({ '--on-error': 'dead-letter' }, 'bad.jsonl'), {
    message: /^unexpected argument after --on-error: .*by --dead-letters F or --dead-letter-topic T$/,
  });
  assert.throws(() => parse({ '--on-error': 'dead-letters' }), { message: /must be fail, skip or dead-letter$/ });
  assert.throws(() => parse({ '--on-error': 'skip', '--dead-letters': 'f' }), {
    message: /contradicts --dead-letters/,
  });
  assert.throws(() => parse({ '--dead-letters': 'f', '--dead-letter-topic': 't' }), { message: /exclude each other/ });
  assert.throws(() => parse({ '--dead-letter-topic': 'a/#' }), { message: /--dead-letter-topic: .*wildcards/ });
  assert.throws(() => parse({ '--to': 'mqtt://a', '--to-topic': 'out', '--dead-letter-topic': 'in/bad' }), {
    message: /read its letters again/,
  });
});

test('--exclude takes filters, and leads out of a loop on one broker', () => {
  assert.deepEqual(parse().excluded, []);
  assert.deepEqual(parse({}, '--exclude', 'in/a', 'in/b/#', '--exclude', 'c').excluded, ['in/a', 'in/b/#', 'c']);
  assert.throws(() => parse({}, '--exclude', 'a/#/b'), { message: /^--exclude: / });
  const one = { '--to': 'mqtt://a', '--topic': '#', '--to-topic': 'out/{topic}' };
  assert.throws(() => parse(one), { message: /read its own messages again/ });
  assert.deepEqual(parse(one, '--exclude', 'out/#').excluded, ['out/#']);
});

test('--no-retain publishes without the retain flag', () => {
  assert.equal(parse().retain, true);
  assert.equal(parse({}, '--no-retain').retain, false);
});

test('what is said of one side counts before what is said of both', () => {
  const [one, other] = [file('one.pem', '-----BEGIN ONE'), file('other.pem', '-----BEGIN OTHER')];
  const tls = { '--from': 'mqtts://a', '--to': 'mqtts://b', '--ca': one, '--to-ca': other };
  const { from, to } = parse(
    { ...tls, '--mqtt': '5', '--from-mqtt': '4', '--keepalive': '30', '--to-keepalive': '0', '--to-servername': 'x' },
    '--from-alpn',
    'mqtt',
    'x-amzn-mqtt-ca',
  );
  const text = (pem: Uint8Array | undefined) => Buffer.from(pem ?? []).toString();
  assert.deepEqual([text(from.tls.ca), text(to.tls.ca)], ['-----BEGIN ONE', '-----BEGIN OTHER']);
  assert.deepEqual([from.version, to.version], [4, 5]);
  assert.deepEqual([from.keepAlive, to.keepAlive], [30, 0]);
  assert.deepEqual([from.tls.servername, to.tls.servername], [undefined, 'x']);
  assert.deepEqual([from.tls.ALPNProtocols, to.tls.ALPNProtocols], [['mqtt', 'x-amzn-mqtt-ca'], undefined]);
  assert.throws(() => parse({ '--to': 'mqtts://b', '--from-ca': one }), { message: /--from-ca needs .* in --from/ });
  assert.throws(() => parse({ '--keepalive': '65536' }), { message: '--keepalive must be at most 65535' });
});

test('certificate, key and passphrase of a side are all its own, or all of both', () => {
  const pem = file('pair.pem', '-----BEGIN X');
  const tls = { '--from': 'mqtts://a', '--to': 'mqtts://b', '--cert': pem, '--key': pem };
  assert.equal(parse({ ...tls, '--passphrase-env': 'SECRET_VARIABLE' }).to.tls.passphrase, SECRET);
  assert.throws(() => parse({ ...tls, '--to-cert': pem }), { message: /--to-key is missing/ });
  const { from, to } = parse({ ...tls, '--passphrase-env': 'SECRET_VARIABLE', '--to-cert': pem, '--to-key': pem });
  assert.deepEqual([from.tls.passphrase, to.tls.passphrase], [SECRET, undefined]);
  assert.throws(() => parse({ '--to': 'mqtts://b', '--passphrase-env': 'SECRET_VARIABLE' }), {
    message: '--passphrase-env is of --key, which is missing',
  });
  assert.throws(() => parse({ ...tls, '--passphrase-env': 'NOT_SET' }), { message: /NOT_SET is not set/ });
});

test('each side may have a user and a password of its own', () => {
  const own = { '--to-username': 'carol', '--to-password-env': 'SECRET_VARIABLE' };
  assert.deepEqual(
    [parse(own).to.username, parse(own).to.password, parse(own).from.username],
    ['carol', SECRET, undefined],
  );
  assert.equal(parse({ ...own, '--username': 'bob' }).from.username, 'bob');
  assert.throws(() => parse({ ...own, '--to': 'mqtt://dave@b' }), { message: /names a user already/ });
  assert.throws(() => parse({ '--to-password-env': 'SECRET_VARIABLE' }), {
    message: /belongs to nobody: give --to-username/,
  });
});
