import assert from 'node:assert/strict';
import { it } from 'node:test';
import { MqttSinks, MqttSources } from '../../../src/index.js';

it('a source and a sink load what they are opened with, once, and connect to nothing', async () => {
  const broker = 'mqtt://127.0.0.1:1';
  const source = MqttSources.builder().clientId('in').broker(broker).topic('a').build();
  const sink = MqttSinks.builder<Uint8Array>().clientId('out').broker(broker).topic('b').build();
  for (const [part, opening] of [
    [source, 'openReader'],
    [sink, 'openOutboxWriter'],
  ] as const) {
    const loaded = await part.load?.();
    assert.ok(opening in Object(loaded), opening);
    assert.equal(await part.load?.(), loaded);
  }
});
