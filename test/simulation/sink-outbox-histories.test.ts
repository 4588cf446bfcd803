import assert from 'node:assert/strict';
import { test } from 'node:test';
import { howMany } from '../support/full-run.js';
import { OutboxHistory, type OutboxHistoryOptions } from '../support/histories/outbox-history.js';
import { LIMIT } from '../support/limits.js';

/** `MILLRACE_SEED=n` plays that history alone; `MILLRACE_HISTORIES=n` plays more or fewer of each kind. */
const SEED = process.env.MILLRACE_SEED;
const HISTORIES = Number(process.env.MILLRACE_HISTORIES ?? howMany({ sample: 20, full: 400 }));

const playAll = (options: OutboxHistoryOptions): void => {
  const seeds = SEED === undefined ? Array.from({ length: HISTORIES }, (_, seed) => seed) : [Number(SEED)];
  for (const seed of seeds) {
    try {
      new OutboxHistory(seed, options).play();
    } catch (error) {
      assert.fail(`MILLRACE_SEED=${seed}: ${error instanceof Error ? error.stack : error}`);
    }
  }
};

test(
  'every row arrives once and in order, over cuts at any byte and crashes with any prefix of the commits durable',
  LIMIT,
  () => {
    playAll({});
  },
);

test(
  'refused rows are published again under their ids, or get a letter, and none arrives twice (R9a, R20)',
  LIMIT,
  () => {
    playAll({ refusals: true });
  },
);

test('R5, R17: redeliver loses nothing, and repeats only what was in doubt', LIMIT, () => {
  playAll({ losses: 'redeliver' });
});

test('R5, R17: drop repeats nothing, and gives up only what was in doubt', LIMIT, () => {
  playAll({ losses: 'drop' });
});

test('lost sessions and refusals together', LIMIT, () => {
  playAll({ losses: 'redeliver', refusals: true });
  playAll({ losses: 'drop', refusals: true });
});

test('QoS 0, 1 and 2 side by side: what is confirmed is not lost', LIMIT, () => {
  playAll({ qos: [0, 1, 2] });
});

test('R20a: what the broker closes at gets a letter, and nothing else does, or arrives twice', LIMIT, () => {
  playAll({ poison: true });
  playAll({ poison: true, qos: [1, 2] });
  playAll({ poison: true, losses: 'redeliver' });
});
