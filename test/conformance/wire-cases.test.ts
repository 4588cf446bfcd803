import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFor, loadWireCaseOverrides, overridden } from '../support/wire/wire-case-overrides.js';
import { playWireCase } from '../support/wire/wire-case-player.js';
import { loadWireCases, type WireCase } from '../support/wire/wire-language.js';

const CASES = 914;

const cases = loadWireCases();
const overrides = loadWireCaseOverrides();
const skip = cases === undefined ? 'the folder ../shared/data/wire-cases is not here' : false;

function describe({ file, group, name, messages }: WireCase): string {
  return `${file} / ${group} / ${name}: ${messages.map(({ type, text }) => `${type} ${text}`).join(', ')}`;
}

/** Why the session fails the case, taken as the specification has it. */
function failure(wire: WireCase): string | undefined {
  const override = overrides.find((candidate) => isFor(candidate, wire));
  const { problem } = playWireCase(override === undefined ? wire : overridden(wire, override));
  return problem === undefined ? undefined : `${describe(wire)}: ${problem}`;
}

for (const file of new Set((cases ?? []).map((wire) => wire.file))) {
  test(`answers every server packet sequence of ${file} as the specification wants`, () => {
    const failures = (cases ?? []).filter((wire) => wire.file === file).map(failure);
    assert.deepEqual(
      failures.filter((text) => text !== undefined),
      [],
    );
  });
}

test('knows all wire cases', { skip }, () => {
  assert.equal(cases?.length, CASES);
});

test('needs each override, and each says why', { skip }, () => {
  for (const override of overrides) {
    const found = (cases ?? []).filter((wire) => isFor(override, wire));
    assert.equal(found.length, 1, `no single case for ${JSON.stringify(override)}`);
    for (const wire of found) assert.ok(playWireCase(wire).problem, `not needed any more: ${describe(wire)}`);
    assert.match(override.reason, /\d\.\d/);
  }
});

/** What cannot be delimited, or comes before CONNACK. */
const STILL_CLOSES = /MQTT-3\.1\.0-1|QoS 3|[Mm]id 0/;

test('R22: a session that bears with a broker stays connected at every PUBLISH that can be delimited', { skip }, () => {
  const tolerance = { refuseControlCharacters: false };
  const publishes = (cases ?? []).filter(({ file, expectDisconnect }) => file === 'PUBLISH' && expectDisconnect);
  assert.ok(publishes.length > 30);
  for (const wire of publishes) {
    const { closed } = playWireCase(wire, { tolerance });
    assert.equal(closed, STILL_CLOSES.test(wire.name), describe(wire));
  }
});
