import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Answers } from '../../../src/http/answers.js';
import { ProcessListener } from '../../../src/http/told/process-listener.js';

test('the jobs are looked at where nobody asks, too, so that who asks once is told what has stood still; until the server ends', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  let looks = 0;
  const engine = {
    get jobs() {
      looks += 1;
      return [];
    },
  };
  using listener = new ProcessListener(() => false);
  const answers = new Answers(engine, listener, false);
  assert.equal(looks, 0);
  t.mock.timers.tick(5000);
  assert.equal(looks, 1);
  answers[Symbol.dispose]();
  t.mock.timers.tick(50_000);
  assert.equal(looks, 1);
});

test('a gauge that throws when nobody asks ends nothing', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const engine = {
    get jobs(): never {
      throw new Error('a gauge');
    },
  };
  using listener = new ProcessListener(() => false);
  using answers = new Answers(engine, listener, false);
  t.mock.timers.tick(5000);
  assert.throws(() => answers.jobs, /a gauge/);
});
