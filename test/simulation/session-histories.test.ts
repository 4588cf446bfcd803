import assert from 'node:assert/strict';
import { test } from 'node:test';
import { howMany } from '../support/full-run.js';
import { type HistoryOptions, SessionHistory } from '../support/histories/session-history.js';

/** `MILLRACE_SEED=n` plays that history alone; `MILLRACE_HISTORIES=n` plays more or fewer of each kind. */
const SEED = process.env.MILLRACE_SEED;
const HISTORIES = Number(process.env.MILLRACE_HISTORIES ?? howMany({ sample: 250, full: 2500 }));

function playAll(options: HistoryOptions): void {
  const seeds = SEED === undefined ? Array.from({ length: HISTORIES }, (_, seed) => seed) : [Number(SEED)];
  for (const seed of seeds) {
    try {
      new SessionHistory(seed, options).play();
    } catch (error) {
      assert.fail(`MILLRACE_SEED=${seed}: ${error instanceof Error ? error.stack : error}`);
    }
  }
}

test('delivers QoS 2 exactly once and QoS 1 at least once, in order, over cuts at any byte and restarts', () => {
  playAll({ losses: false });
});

test('loses nothing when the broker loses the session and the owner chooses to redeliver (R5, R10)', () => {
  playAll({ losses: true });
});

test('never takes a session that is there for one that is lost, over restarts whose session is proven first (R5a)', () => {
  playAll({ losses: false, proofs: true });
});

test('loses nothing when sessions are proven first, and the broker loses them (R5a, R10)', () => {
  playAll({ losses: true, proofs: true });
});
