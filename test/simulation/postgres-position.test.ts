import assert from 'node:assert/strict';
import { it } from 'node:test';
import { howMany } from '../support/full-run.js';
import { isBad, PostgresHistory } from '../support/histories/postgres-history.js';
import { LIMIT } from '../support/limits.js';
import { SeededRandom } from '../support/seeded-random.js';

const SEEDS =
  process.env.MILLRACE_SEED === undefined
    ? upTo(howMany({ sample: 150, full: 5_000 }))
    : [Number(process.env.MILLRACE_SEED)];

function upTo(end: number): number[] {
  return Array.from({ length: end }, (_, index) => index);
}

it(
  'SP1 to SP6: whatever is cut, crashes or is taken for dead, each good row is in once, in order, and each bad one has one letter',
  LIMIT,
  async (t) => {
    const sum = { crashes: 0, cuts: 0, fenced: 0, made: 0, ahead: 0, late: 0 };
    for (const seed of SEEDS) {
      const end = await new PostgresHistory(new SeededRandom(seed)).play(120).catch((error: unknown) => {
        throw new Error(`MILLRACE_SEED=${seed}`, { cause: error });
      });
      const numbers = upTo(end.made);
      assert.deepEqual(
        end.rows,
        numbers.filter((number) => !isBad(number)),
        `MILLRACE_SEED=${seed}`,
      );
      assert.deepEqual(end.letters, numbers.filter(isBad), `MILLRACE_SEED=${seed}`);
      for (const key of ['crashes', 'cuts', 'fenced', 'made', 'ahead', 'late'] as const) sum[key] += end[key];
    }
    t.diagnostic(JSON.stringify(sum));
    // each fault has happened
    if (SEEDS.length > 1) for (const count of Object.values(sum)) assert.ok(count > 0);
  },
);
