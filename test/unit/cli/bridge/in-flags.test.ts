import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BRIDGE_OPTIONS } from '../../../../src/cli/bridge/bridge-options.js';
import { inFlags } from '../../../../src/cli/bridge/in-flags.js';
import { sessionLost } from '../../../../src/mqtt/connection/identity/record/session-lost.js';

const SAID: readonly (readonly [string, string])[] = [
  [
    sessionLost('b').advice ?? '',
    'Decide what becomes of messages in doubt: --on-session-loss redeliver sends them again, drop gives them up.',
  ],
  [sessionLost('b', true).advice ?? '', '--on-session-loss redeliver or drop goes on'],
  [
    "Else choose another client id, or onUnknownSession 'discard' (what the broker keeps for it is thrown away) or 'adopt' (it is taken over).",
    '--adopt-session (what the reading broker keeps for it is taken over, what the publishing one keeps is thrown away).',
  ],
  [
    'Give the authority of the server certificate as `ca`, and connect by a name that the certificate holds (or set `servername`).',
    'as --ca, and connect by a name that the certificate holds (or set --servername)',
  ],
  ['then ask for protocolVersion 4.', 'then ask for --mqtt 4.'],
  ["Use a broker that does QoS 2, or processingGuarantee 'at-least-once'", '--guarantee at-least-once'],
  [
    'the MQTT source cannot be built: key is encrypted: give its passphrase',
    '--from: --key (--from-key) is encrypted: give --passphrase-env (--from-passphrase-env)',
  ],
  [
    'MQTT sink "b": passphrase is not that of key',
    '--to: --passphrase-env (--to-passphrase-env) is not that of --key (--to-key)',
  ],
  ['change the broker URL, or let it say where by `followServerReference`.', 'by --follow-server-reference.'],
];

describe('errors of the library in the words of the bridge', () => {
  for (const [library, bridge] of SAID) {
    it(bridge, () => assert.ok(inFlags(library).includes(bridge), inFlags(library)));
  }

  it('leave alone what others have named', () => {
    for (const text of [
      'the message to "plant/servername/onError" was refused',
      "the session of 'clientId' is lost",
      'cannot connect to mqtts://servername:8883',
    ])
      assert.equal(inFlags(text), text);
  });

  it('name no flag that the bridge has not', () => {
    const flags = SAID.flatMap(([, bridge]) => bridge.match(/--[a-z-]+/g) ?? []);
    assert.deepEqual(
      flags.filter((flag) => !Object.hasOwn(BRIDGE_OPTIONS, flag.slice(2))),
      [],
    );
  });
});
