import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { MARKER_RULES, type MarkerBounds, type MarkerRules, markersModel } from '../support/model/model-markers.js';
import { search } from '../support/model/model-search.js';

const found = (t: TestContext, rules: MarkerRules, bounds: MarkerBounds): string => {
  const { states, violation } = search(markersModel(rules, bounds));
  t.diagnostic(`${states} states`);
  for (const line of violation?.trace ?? []) t.diagnostic(line);
  return violation?.verdict ?? 'nothing';
};

const UNTOUCHED: MarkerBounds = { resumes: 4, breaks: 3, restores: 0 };
const RESTORED: MarkerBounds = { resumes: 5, breaks: 2, restores: 1 };

describe('R5c: markers asked in both directions, over every interleaving', () => {
  it('a broker that never goes back raises no alarm, wherever the client crashes or is cut off', (t) => {
    assert.equal(found(t, MARKER_RULES, UNTOUCHED), 'nothing');
  });

  it('a broker that is put back to before the last whole resume is told, also when one question since was broken off', (t) => {
    assert.equal(found(t, MARKER_RULES, RESTORED), 'nothing');
  });

  it('counterexample: one that was asked for and not confirmed may still be there', (t) => {
    const spend: MarkerRules['spend'] = (markers) => {
      const spent = MARKER_RULES.spend(markers);
      return { ...spent, gone: [...spent.gone, markers.next] };
    };
    assert.match(found(t, { ...MARKER_RULES, spend }, UNTOUCHED), /^FALSE ALARM: went-back/);
  });

  it('counterexample: one that is asked for twice was taken away by the first question', (t) => {
    const spend: MarkerRules['spend'] = (markers) => ({ ...MARKER_RULES.spend(markers), gone: markers.gone });
    assert.match(found(t, { ...MARKER_RULES, spend }, RESTORED), /^MISSED/);
  });

  it('counterexample: one marker for each resume leaves none for the resume behind one that is cut off', (t) => {
    const confirm: MarkerRules['confirm'] = (asked, markers) => {
      const confirmed = MARKER_RULES.confirm(asked, markers);
      return { ...confirmed, gone: confirmed.gone.filter((index) => index === confirmed.gone.at(-1)) };
    };
    assert.match(found(t, { ...MARKER_RULES, confirm }, RESTORED), /^MISSED/);
  });

  it('counterexample: a marker that is not spent before it is used looks like a lost session after a crash', (t) => {
    const spend: MarkerRules['spend'] = (markers) => markers;
    assert.match(found(t, { ...MARKER_RULES, spend }, UNTOUCHED), /^FALSE ALARM: not-ours/);
  });

  it('counterexample: without the question for what is gone nothing tells a broker that went back', (t) => {
    const question: MarkerRules['question'] = (markers) => {
      const asked = MARKER_RULES.question(markers);
      return asked && { ...asked, gone: [] };
    };
    assert.match(found(t, { ...MARKER_RULES, question }, RESTORED), /^MISSED/);
  });
});
