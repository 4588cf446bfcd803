import type { BenchOptions } from '../support/bench-options.js';
import { startBenchPostgres } from '../support/bench-postgres.js';
import { compare } from '../support/compare.js';
import type { Comparison } from '../support/result.js';
import { type Measured, runContender } from '../support/run-contender.js';

/** One row at a time is so much slower that it gets fewer. */
const ALONE_SHARE = 0.02;

/** Rows from memory into PostgreSQL, durable on both sides: what exactly-once costs beside the same batches without any guarantee. */
export async function postgresCase(batch: 64 | 1024, options: BenchOptions): Promise<Comparison> {
  const messages = Math.round((batch === 64 ? 200_000 : 500_000) * options.scale);
  const measure = async (name: string, rows: number, window: number): Promise<Measured> => {
    const server = await startBenchPostgres();
    try {
      const task = { url: '', toUrl: server.url, qos: 2, messages: rows, window, clientId: name } as const;
      const measured = await runContender(name, task);
      const [row] = await server.query('SELECT count(*) AS count FROM readings');
      if (Number(row?.count) !== rows) throw new Error(`${name} wrote ${row?.count} of ${rows} rows`);
      return measured;
    } finally {
      await server.stop('immediate');
    }
  };
  const alone = Math.round(messages * ALONE_SHARE);
  const entries = [
    {
      contender: `Millrace, exactly once, ${batch} rows`,
      measure: () => measure('postgres-millrace', messages, batch),
    },
    { contender: `pg alone, ${batch} rows`, measure: () => measure('postgres-pg', messages, batch) },
    { contender: 'pg alone, one row', measure: () => measure('postgres-pg', alone, 1) },
  ];
  return compare(`Rows into PostgreSQL, ${batch} in a transaction, no broker`, entries, options);
}
