import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { DeadLetter, Sink, Source } from '../../src/connector/index.js';
import {
  Engine,
  MillraceError,
  MqttSinks,
  MqttSources,
  Pipeline,
  type ProcessingGuarantee,
  Sinks,
  TestSources,
} from '../../src/index.js';
import { PostgresSinks, PostgresSources } from '../../src/postgres/index.js';
import { MemoryStores } from '../../src/store/index.js';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { publishAll } from '../support/clients/mosquitto-pub.js';
import { LIMIT } from '../support/limits.js';
import { type Postgres, postgresAbsence, startPostgres } from '../support/servers/postgres.js';

/** As JavaScript gives it where none is awaited. */
const asynchronous = (async () => ['x']) as never;

const run = async (source: Source<unknown>, sink: Sink<unknown>, guarantee: ProcessingGuarantee): Promise<unknown> => {
  const pipeline = Pipeline.create();
  pipeline.readFrom(source).writeTo(sink as Sink<unknown>);
  await using engine = Engine.embedded({ stores: new MemoryStores() });
  const job = engine.newJob(pipeline, { name: 'mistaken', processingGuarantee: guarantee });
  return await job.join().then(
    () => 'completed, and every item was given up',
    (error: unknown) => error,
  );
};

const assertMistake = (ended: unknown, message: RegExp, what: string): void => {
  assert.ok(ended instanceof MillraceError, `${what}: ${ended}`);
  assert.equal(ended.code, 'USER_FUNCTION_FAILED', what);
  assert.match(ended.message, message, what);
};

describe(
  'an async function where none is awaited fails the job whatever onError says, and gives up no item',
  LIMIT,
  () => {
    it('of a sink to MQTT, with a store and without', async () => {
      const broker = await startMosquitto();
      for (const guarantee of ['none', 'exactly-once'] as const) {
        const sink = MqttSinks.builder<unknown>({ broker: broker.url, topic: 'out', clientId: 'out' })
          .messageFn(asynchronous)
          .onError('skip')
          .build();
        assertMistake(await run(TestSources.items(1, 2), sink, guarantee), /messageFn returned a promise/, guarantee);
      }
    });

    it('of a source of MQTT', async () => {
      const broker = await startMosquitto();
      const source = MqttSources.builder({ broker: broker.url, topic: 'in' })
        .mapToItemFn(asynchronous)
        .onError('skip')
        .build();
      const ended = run(source, Sinks.noop(), 'none');
      await publishAll({ port: broker.port, topic: 'in', args: ['-r'] }, ['1']);
      assertMistake(await ended, /mapToItemFn .* returned a promise/, 'source');
    });

    describe('with PostgreSQL', { skip: postgresAbsence() ?? false }, () => {
      let server: Postgres;
      before(async () => {
        server = await startPostgres();
        await server.query('CREATE TABLE rows (id bigserial PRIMARY KEY, claimed_by text, text text)');
      });
      after(() => server.stop('immediate'));

      it('of a sink, with a store and without', async () => {
        const common = { connection: server.url, createTable: true, onError: 'skip' } as const;
        for (const guarantee of ['none', 'exactly-once'] as const) {
          const table = PostgresSinks.table({ ...common, table: 'rows', columns: { text: asynchronous } });
          assertMistake(
            await run(TestSources.items(1, 2), table, guarantee),
            /column "text" returned a promise/,
            guarantee,
          );
          const sql = 'INSERT INTO rows (text) VALUES ($1)';
          const statement = PostgresSinks.statement({ ...common, sql, bindFn: asynchronous });
          assertMistake(await run(TestSources.items(1), statement, guarantee), /bindFn returned a promise/, guarantee);
        }
        assert.deepEqual(await server.query('SELECT * FROM rows'), []);
      });

      it('of a source: the rows of a queue stay in it', async () => {
        await server.query("INSERT INTO rows (text) VALUES ('a'), ('b')");
        const common = { connection: server.url, table: 'rows', mapToItemFn: asynchronous, onError: 'skip' } as const;
        for (const source of [PostgresSources.queue(common), PostgresSources.changes(common)]) {
          const ended = await run(source, Sinks.noop(), 'exactly-once');
          assertMistake(ended, /mapToItemFn of source "postgres rows" returned a promise/, 'source');
        }
        assert.equal((await server.query('SELECT * FROM rows')).length, 2);
      });

      it('a bindFn that gives more values than there are parameters is an error of its item, and not tried for ever', async () => {
        for (const guarantee of ['none', 'exactly-once'] as const) {
          const letters: DeadLetter[] = [];
          const sink = PostgresSinks.statement<number>({
            connection: server.url,
            name: guarantee,
            createTable: true,
            sql: 'INSERT INTO rows (text) VALUES ($1)',
            bindFn: (item) => (item === 2 ? ['x', 'too much'] : [guarantee]),
            onError: { deadLetter: Sinks.list(letters) },
          });
          await run(TestSources.items(1, 2, 3), sink as Sink<unknown>, guarantee);
          assert.deepEqual(
            letters.map(({ attributes, error }) => [attributes.item, error.details.sqlState]),
            [[2, '08P01']],
          );
          assert.equal((await server.query('SELECT * FROM rows WHERE text = $1', [guarantee])).length, 2);
        }
      });
    });
  },
);
