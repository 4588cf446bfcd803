import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MillraceError } from '../../../../../src/errors/index.js';
import { MqttSinks, MqttSources } from '../../../../../src/index.js';
import type { WillOptions } from '../../../../../src/mqtt/connection/options/connect-options.js';

const SECRET = 'hunter2';
const BYTES = new TextEncoder().encode(SECRET);
const LONG = new Uint8Array(65_536);

/** With this will, which JavaScript may give in any shape; nothing is opened. */
const BUILDERS: Readonly<Record<string, (will: unknown) => unknown>> = {
  source: (will) =>
    MqttSources.builder()
      .topic('t')
      .connectOptionsFn(() => ({ will: will as WillOptions, username: 'u', password: SECRET }))
      .build(),
  sink: (will) =>
    MqttSinks.builder()
      .topic('t')
      .connectOptionsFn(() => ({ will: will as WillOptions, username: 'u', password: SECRET }))
      .build(),
};

const withProperties = (properties: unknown) => ({ topic: 'gone', payload: SECRET, properties });

const MALFORMED: readonly (readonly [string, unknown, RegExp])[] = [
  ['no object', SECRET, /will must be an object/],
  ['null', null, /will must be an object/],
  ['no topic', { payload: SECRET }, /will\.topic: it is missing/],
  ['an empty topic', { topic: '' }, /will\.topic: .*MQTT-4\.7\.3-1/],
  ['a topic with a wildcard', { topic: `${SECRET}/#` }, /will\.topic: .*no wildcards/],
  ['a topic of bytes', { topic: BYTES }, /will\.topic must be a string/],
  [
    'a payload that is an object',
    { topic: 't', payload: { token: SECRET } },
    /will\.payload must be a string or a Uint/,
  ],
  ['a payload of numbers', { topic: 't', payload: [...BYTES] }, /will\.payload must be a string or a Uint8Array/],
  ['a payload of null', { topic: 't', payload: null }, /will\.payload must be a string or a Uint8Array/],
  ['a payload that is too long', { topic: 't', payload: LONG }, /will\.payload is longer than 65535 bytes/],
  ['a text that is too long', { topic: 't', payload: SECRET.repeat(10_000) }, /will\.payload is longer than 65535/],
  ['a QoS that there is not', { topic: 't', payload: SECRET, qos: 3 }, /will\.qos must be a whole number from 0 to 2/],
  ['a flag that is none', { topic: 't', payload: SECRET, retain: 1 }, /will\.retain must be true or false/],
  ['a misspelt name', { topic: 't', payload: SECRET, retained: true }, /no option "will\.retained"/],
  ['properties that are no object', withProperties(SECRET), /will\.properties must be an object/],
  ['a misspelt property', withProperties({ willDelay: 5 }), /no option "will\.properties\.willDelay"/],
  ['a delay that is none', withProperties({ willDelayInterval: -1 }), /willDelayInterval must be a whole number/],
  ['an expiry that is none', withProperties({ messageExpiryInterval: 1.5 }), /messageExpiryInterval must be a whole/],
  ['a format that is none', withProperties({ payloadFormatIndicator: 1 }), /payloadFormatIndicator must be true or/],
  ['a content type of bytes', withProperties({ contentType: BYTES }), /contentType must be a string/],
  ['a content type with NUL', withProperties({ contentType: `${SECRET}\0` }), /contentType must be well-formed text/],
  ['a response topic with a wildcard', withProperties({ responseTopic: `${SECRET}/+` }), /responseTopic: .*no wildc/],
  ['correlation data of text', withProperties({ correlationData: SECRET }), /correlationData must be a Uint8Array/],
  ['correlation data that is too long', withProperties({ correlationData: LONG }), /correlationData is longer than/],
  ['user properties of a text', withProperties({ userProperties: SECRET }), /userProperties must be pairs of strings/],
  ['a user property of a number', withProperties({ userProperties: { [SECRET]: 1 } }), /userProperties must be pairs/],
  ['a user property of one', withProperties({ userProperties: [[SECRET]] }), /userProperties must be pairs of strings/],
  [
    'a user property with NUL',
    withProperties({ userProperties: { a: [`${SECRET}\0`] } }),
    /userProperties must be wel/,
  ],
];

for (const [kind, build] of Object.entries(BUILDERS)) {
  describe(`the will of a ${kind}`, () => {
    for (const [what, will, problem] of MALFORMED) {
      it(`is refused at build() with what is wrong, and nothing that it says: ${what}`, () => {
        assert.throws(
          () => build(will),
          (error) => {
            assert.ok(error instanceof MillraceError);
            assert.equal(error.code, 'INVALID_OPTIONS');
            assert.match(error.message, problem);
            assert.doesNotMatch(`${error.stack} ${JSON.stringify(error)} ${error.advice}`, /hunter2/);
            return true;
          },
        );
      });
    }

    it('may have as many bytes as its field holds, and every property', () => {
      const properties: WillOptions['properties'] = {
        willDelayInterval: 0,
        messageExpiryInterval: 0xffff_ffff,
        payloadFormatIndicator: true,
        contentType: 'text/plain',
        responseTopic: 'answers',
        correlationData: LONG.subarray(1),
        userProperties: [
          ['a', '1'],
          ['a', '2'],
        ],
      };
      build({ topic: 't', payload: LONG.subarray(1), qos: 2, retain: true, properties });
      build({ topic: 't', properties: { userProperties: { a: ['1', '2'], b: '3' } } });
    });
  });
}

it('user properties of CONNECT are checked as those of a will are', () => {
  const build = (userProperties: unknown) =>
    MqttSources.builder()
      .topic('t')
      .connectOptionsFn(() => ({ properties: { userProperties: userProperties as never } }))
      .build();
  build({ site: '7' });
  assert.throws(() => build({ site: 7 }), {
    code: 'INVALID_OPTIONS',
    message: /properties\.userProperties must be pairs of strings/,
  });
});
