import { startBenchMosquitto } from '../support/bench-mosquitto.js';
import type { BenchOptions } from '../support/bench-options.js';
import { startBenchPostgres } from '../support/bench-postgres.js';
import { compare } from '../support/compare.js';
import { fillBacklog } from '../support/fill-backlog.js';
import type { Comparison } from '../support/result.js';
import { runContender } from '../support/run-contender.js';

const WINDOW = 1000;

/** One row at a time is so much slower that it gets fewer. */
const CONTENDERS = [
  { contender: 'Millrace, exactly once, QoS 2', file: 'mqtt-postgres-millrace', qos: 2, backlog: 60_000 },
  { contender: 'MQTT.js and pg, a row for each message, QoS 1', file: 'mqtt-postgres-mqttjs', qos: 1, backlog: 6_000 },
] as const;

/** Drains a backlog into PostgreSQL, durable on both sides. */
export async function mqttPostgresCase(options: BenchOptions): Promise<Comparison> {
  const entries = CONTENDERS.map(({ contender, file, qos, backlog }) => ({
    contender,
    measure: async () => {
      const messages = Math.round(backlog * options.scale);
      const [broker, server] = await Promise.all([startBenchMosquitto(WINDOW), startBenchPostgres()]);
      try {
        await server.query('CREATE TABLE messages (topic text NOT NULL, payload text NOT NULL)');
        await fillBacklog(broker.url, file, { messages, qos });
        const task = { url: broker.url, toUrl: server.url, qos, messages, window: WINDOW, clientId: file } as const;
        const measured = await runContender(file, task);
        const [row] = await server.query('SELECT count(*) AS count FROM messages');
        if (Number(row?.count) !== messages) throw new Error(`${contender} wrote ${row?.count} of ${messages} rows`);
        return measured;
      } finally {
        await Promise.all([broker.stop(), server.stop('immediate')]);
      }
    },
  }));
  return compare('A backlog into PostgreSQL', entries, options);
}
