import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ExchangeWorld } from '../support/cluster/exchange/exchange-world.js';
import { type ExchangeSettings, type ExchangeTally, newTally } from '../support/cluster/exchange/surroundings.js';
import { howMany } from '../support/full-run.js';
import { LIMIT } from '../support/limits.js';

/*
 * C5 over a network that loses, doubles and delays, with partitions of both sides that are taken over at any time, and whose earlier owners go
 * on to hear and speak. Sources end, and the job is begun again with more. `MILLRACE_SEED=n` plays that history of each kind alone; `MILLRACE_HISTORIES=n` plays more or fewer.
 */

const SEED = process.env.MILLRACE_SEED;
const HISTORIES = Number(process.env.MILLRACE_HISTORIES ?? howMany({ sample: 200, full: 20_000 }));

const play = (settings: Omit<ExchangeSettings, 'seed'>): ExchangeTally => {
  const tally = newTally();
  const seeds = SEED === undefined ? Array.from({ length: HISTORIES }, (_, seed) => seed) : [Number(SEED)];
  for (const seed of seeds) {
    try {
      new ExchangeWorld({ seed, ...settings }, tally).play();
    } catch (error) {
      assert.fail(`MILLRACE_SEED=${seed}: ${error instanceof Error ? error.stack : error}`);
    }
  }
  // a fault costs a window at most: what fed itself would cost any number of them
  const { rowsSent, rowsCommitted } = tally;
  assert.ok(rowsSent < 2.5 * rowsCommitted, `${rowsCommitted} rows were sent as ${rowsSent}`);
  return tally;
};

describe('rows between partitions, each once and in order, and none waits when all is well', () => {
  it('over a network that loses, doubles and delays', LIMIT, (t) => {
    const tally = play({ senders: 2, receivers: 2, lossy: 0.2, takeovers: 0, zombies: 0 });
    t.diagnostic(JSON.stringify(tally));
    assert.ok(tally.lost > 0 && tally.doubled > 0 && tally.late > 0 && tally.pieces > 0 && tally.asked > 0);
    assert.equal(tally.refused, 0);
  });

  it('while partitions are killed and opened from their last commit', LIMIT, (t) => {
    const tally = play({ senders: 2, receivers: 2, lossy: 0.05, takeovers: 0.05, zombies: 0 });
    t.diagnostic(JSON.stringify(tally));
    assert.ok(tally.lost > 0 && tally.endedBefore > 0);
  });

  it('beside those that were taken over, which nobody believes', LIMIT, (t) => {
    const tally = play({ senders: 2, receivers: 2, lossy: 0.05, takeovers: 0.05, zombies: 1 });
    t.diagnostic(JSON.stringify(tally));
    assert.ok(tally.refused > 0 && tally.suspicions > 0);
  });

  it('of three to one and of one to three, with all of it', LIMIT, (t) => {
    for (const [senders, receivers] of [
      [3, 1],
      [1, 3],
    ] as const)
      t.diagnostic(JSON.stringify(play({ senders, receivers, lossy: 0.15, takeovers: 0.03, zombies: 0.6 })));
  });
});
