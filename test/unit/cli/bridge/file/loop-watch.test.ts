import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LoopWatch } from '../../../../../src/cli/bridge/file/run/loop-watch.js';
import { rightPlan, TWO_WAY } from '../../../../support/bridge-files.js';

test('a message that would come back over another route is refused, as the routes are after a reload', async () => {
  const [closed, down] = [...(await rightPlan(TWO_WAY)).routes.values()];
  assert.ok(closed && down);
  const up = { ...closed, excluded: [] };
  const watch = new LoopWatch();
  const guard = watch.guardOf('up');
  watch.use([up]);
  guard('site7/cmd/go');
  watch.use([up, down]);
  guard('site7/state/go');
  assert.throws(() => guard('site7/cmd/go'), { code: 'INVALID_TOPIC', message: /up → down → up/ });
  watch.use([up, { ...down, excluded: ['site7/cmd/go'] }]);
  guard('site7/cmd/go');
});
