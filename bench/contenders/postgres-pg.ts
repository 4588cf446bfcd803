import pg from 'pg';
import { serveContender } from '../support/contender.js';
import { READING_COLUMNS, readingOf } from '../support/reading.js';

/** Rows from memory by `pg` alone, `window` in one INSERT of its own: a crash loses or doubles what was under way. */
await serveContender(async ({ toUrl, messages, window }) => {
  const client = new pg.Client({ connectionString: toUrl });
  await client.connect();
  const insert = async (from: number, count: number): Promise<void> => {
    const values: unknown[] = [];
    const rows: string[] = [];
    for (let index = 0; index < count; index += 1) {
      const { id, device, at, value } = readingOf(from + index);
      rows.push(`($${values.length + 1}, $${values.length + 2}, $${values.length + 3}, $${values.length + 4})`);
      values.push(id, device, at, value);
    }
    const text = `INSERT INTO readings (${READING_COLUMNS.join(', ')}) VALUES ${rows.join(', ')}`;
    await client.query({ name: `rows ${count}`, text, values });
  };
  return {
    run: async () => {
      for (let from = 0; from < messages; from += window) await insert(from, Math.min(window, messages - from));
    },
    close: () => client.end(),
  };
});
