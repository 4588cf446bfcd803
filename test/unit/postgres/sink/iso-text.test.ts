import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isoText } from '../../../../src/postgres/sink/iso-text.js';
import { fc } from '../../../support/fast-check.js';

it('isoText is what toISOString gives, of any date, whatever date came before', () => {
  const near = fc.date({
    min: new Date('2026-02-03T04:05:58.000Z'),
    max: new Date('2026-02-03T04:06:02.000Z'),
    noInvalidDate: true,
  });
  fc.assert(
    fc.property(fc.array(fc.oneof(near, fc.date({ noInvalidDate: true })), { minLength: 2 }), (dates) => {
      for (const date of dates) assert.equal(isoText(date), date.toISOString());
    }),
  );
});
