import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { JetStreamApi, NatsClient } from '../../src/nats/index.js';
import { configOf } from '../../src/store/jetstream/stream-config.js';
import { onCleanup } from '../support/cleanup.js';
import { SUITE_LIMIT } from '../support/limits.js';
import { startNats } from '../support/nats/nats-cluster.js';
import { natsAbsence } from '../support/nats/nats-servers-here.js';
import { askJetStream } from '../support/nats/streams.js';
import { until } from '../support/until.js';

const COUNT = 500;
const STREAM = 'SURVIVES';

describe('all NATS servers are killed at once', { ...SUITE_LIMIT, skip: natsAbsence() ?? false }, () => {
  for (const syncInterval of ['always', '2m'])
    it(`with sync_interval "${syncInterval}" what was acknowledged is there, for the machine was not lost`, async () => {
      const nats = await startNats({ size: 3, syncInterval });
      const client = await NatsClient.open({ servers: nats.urls });
      onCleanup(() => client.close());
      const wish = { name: STREAM, subject: 'survives', replicas: 3, maxBytes: -1 };
      await askJetStream(client, `STREAM.CREATE.${STREAM}`, configOf(wish, STREAM));
      let last = 0;
      for (let index = 1; index <= COUNT; index += 1) {
        // the server of the client may not have heard yet that somebody takes what goes to the stream
        last = await new JetStreamApi(client).patiently(async () => {
          const answer = await client.request({ subject: 'survives', payload: `${index}`, timeoutMs: 10_000 });
          return answer.json<{ readonly seq: number }>().seq;
        });
      }
      assert.equal(last, COUNT);
      await Promise.all(nats.servers.map((server) => server.kill()));
      for (const server of nats.servers) server.start();
      await nats.ready();
      const info = await until(async () => {
        const answer = await askJetStream<{ readonly state: { readonly messages: number; readonly last_seq: number } }>(
          client,
          `STREAM.INFO.${STREAM}`,
        );
        return answer.state.messages > 0 ? answer : undefined;
      });
      assert.deepEqual([info.state.messages, info.state.last_seq], [COUNT, COUNT]);
    });
});
