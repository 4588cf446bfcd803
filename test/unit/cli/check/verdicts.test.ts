import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Judged } from '../../../../src/cli/check/verdict/finding.js';
import { judgeBasics, judgeRetained, judgeShared } from '../../../../src/cli/check/verdict/judge-basics.js';
import { judgeInbound } from '../../../../src/cli/check/verdict/judge-inbound.js';
import {
  judgeExpiry,
  judgeOverlap,
  judgeQueue,
  judgeRestart,
  judgeTakeover,
  judgeWindow,
  QUEUED,
  queuedText,
} from '../../../../src/cli/check/verdict/judge-kept.js';
import { judgeHeld, judgeOutbound } from '../../../../src/cli/check/verdict/judge-outbound.js';
import { judgePacketIds } from '../../../../src/cli/check/verdict/judge-packet-ids.js';
import { MillraceError } from '../../../../src/errors/index.js';
import type { ServerLimits } from '../../../../src/mqtt/protocol/session/session-event.js';
import { SERVER_LIMITS } from '../../../support/server-limits.js';
import { traceOf } from '../../../support/trace-of.js';

const short = (judged: readonly Judged[]) => judged.map(({ level, check }) => `${level} ${check}`);

/** A reader that had three messages at QoS 2: the first untouched, the second with PUBREC, the third finished. */
const CUT = [
  'reader#2 < publish 1 untouched',
  'reader#2 < publish 2 taken',
  'reader#2 < publish 3 finished',
  'reader#2 > pubrec 2',
  'reader#2 < pubrel 2',
  'reader#2 > pubrec 3',
  'reader#2 < pubrel 3',
  'reader#2 > pubcomp 3',
  'reader#2 x us',
];
/** What comes on both connections that follow. */
const resumed = (...lines: readonly string[]) =>
  traceOf(
    ...CUT,
    ...['reader#3', 'reader#4'].flatMap((link) => [
      `${link} < connack present`,
      ...lines.map((line) => `${link} < ${line}`),
    ]),
  );

describe('what a broker does for a reader that is cut', () => {
  it('as it should: DUP and the packet id before PUBREC, PUBREL after it, nothing after PUBCOMP', () => {
    const good = judgeInbound(resumed('publish 1 dup untouched', 'pubrel 2', 'publish 4 later'), 2);
    assert.deepEqual(short(good), ['ok again', 'ok finished', 'ok release']);
  });

  it('a session that is gone, or a message that never comes again, loses messages (Moquette, amqtt)', () => {
    const lost = judgeInbound(traceOf(...CUT, 'reader#3 < connack new'), 2);
    assert.deepEqual(short(lost), ['problem session']);
    assert.equal(short(judgeInbound(resumed('pubrel 2', 'publish 4 later'), 2))[0], 'problem again');
    assert.deepEqual(short(judgeInbound(traceOf('reader#2 < publish 1 untouched'), 2)), ['unknown again']);
  });

  it('one message at a time is what a broker may give: what cannot be tried is unknown (ejabberd)', () => {
    const given = CUT.filter((line) => !line.includes('untouched'));
    const lines = ['reader#3', 'reader#4'].flatMap((link) => [`${link} < connack present`, `${link} < pubrel 2`]);
    assert.deepEqual(short(judgeInbound(traceOf(...given, ...lines), 2)), [
      'unknown again',
      'ok finished',
      'ok release',
    ]);
  });

  it('another packet id, or no DUP, makes copies that exactly-once cannot tell (Artemis, aedes)', () => {
    const artemis = judgeInbound(resumed('publish 9 untouched', 'publish 10 taken', 'publish 11 later'), 2);
    assert.deepEqual(short(artemis), ['problem again', 'ok finished', 'problem release']);
    const aedes = judgeInbound(resumed('publish 1 untouched', 'publish 3 finished', 'publish 4 later'), 2);
    assert.deepEqual(short(aedes), ['problem again', 'problem finished', 'warning release']);
  });

  it('PUBLISH with DUP after PUBREC or PUBCOMP is told by exactly-once, and warned of (mosquitto after two cuts)', () => {
    const again = judgeInbound(
      resumed('publish 1 dup untouched', 'publish 2 dup taken', 'publish 3 dup finished', 'publish 4 later'),
      2,
    );
    assert.deepEqual(short(again), ['ok again', 'warning finished', 'warning release']);
  });

  it('a newer message before what comes again is another order (NATS)', () => {
    const nats = judgeInbound(resumed('pubrel 2', 'publish 4 later', 'publish 1 dup untouched'), 2);
    assert.deepEqual(short(nats), ['ok again', 'warning order', 'ok finished', 'ok release']);
  });

  it('a packet id that is given to another message too early is a problem (rumqttd, Moquette)', () => {
    const early = judgeInbound(resumed('publish 1 dup untouched', 'pubrel 2', 'publish 2 later'), 2);
    assert.equal(short(early).at(-1), 'problem packet-ids');
  });

  it('a packet id of the broker that we have as well is no matter to one that keeps them apart, and is to Mochi', () => {
    const first = ['reader#1 < publish 7 q1 taken-id', 'reader#1 > publish 7 q1 own'];
    const resumed = ['reader#2 < connack present', 'reader#2 < publish 7 dup q1 taken-id'];
    const apart = [...first, 'reader#1 < puback 7', ...resumed, 'reader#2 > subscribe 7', 'reader#2 < suback 1 7'];
    const without = (line: string) => judgePacketIds(traceOf(...apart.filter((one) => one !== line)));
    assert.deepEqual(short(judgePacketIds(traceOf(...apart))), ['ok packet-ids']);
    const refused = judgePacketIds(traceOf(...apart.slice(0, -1), 'reader#2 < suback 145 7'));
    assert.match(
      refused.map(({ level, message }) => `${level} ${message}`).join(),
      /^problem a SUBSCRIBE is refused \(0x91\)/,
    );
    assert.match(without('reader#2 < suback 1 7')[0]?.message ?? '', /SUBSCRIBE gets no valid answer/);
    assert.match(without('reader#1 < puback 7')[0]?.message ?? '', /PUBLISH is not answered/);
    assert.match(
      without('reader#2 < publish 7 dup q1 taken-id')[0]?.message ?? '',
      /is gone once the client has published/,
    );
    assert.deepEqual(short(judgePacketIds(traceOf())), ['unknown packet-ids']);
    assert.deepEqual(judgePacketIds(traceOf(...first, 'reader#2 < connack new')), []);
  });

  it('at QoS 1 copies of what was answered are allowed, and warned of', () => {
    const first = ['finished', 'taken', 'untouched'].map((text, index) => `reader#2 < publish ${index + 1} q1 ${text}`);
    const lines = (link: string) => [
      `${link} < connack present`,
      ...['finished', 'taken', 'untouched', 'later'].map(
        (text, index) => `${link} < publish ${index + 1} dup q1 ${text}`,
      ),
    ];
    const trace = traceOf(...first, ...lines('reader#3'), ...lines('reader#4'));
    assert.deepEqual(short(judgeInbound(trace, 1)), ['ok again', 'warning finished']);
  });
});

describe('what a broker does for a writer that is cut', () => {
  const SEEN = ['cut-after-pubrec', 'cut-after-pubcomp', 'same-id'].map((text) => `verifier#1 < publish 1 ${text}`);
  const good = ['writer#2 < connack present', 'writer#2 < pubrec 1', 'writer#3 < pubcomp 2', ...SEEN];
  const held = [
    'holder#2 < connack present',
    'holder#4 < connack present',
    'holder#4 < puback 1',
    'verifier#1 < publish 1 q1 resent',
  ];

  it('as it should: the session is kept, each re-send answered, each message delivered once', () => {
    assert.deepEqual(short(judgeHeld(traceOf(...held))), ['ok publisher-session']);
    assert.deepEqual(short(judgeOutbound(traceOf(...good))), ['ok resend']);
  });

  it('a session that only a subscription keeps is no problem, one that nothing keeps is (aedes; ActiveMQ)', () => {
    const [, ...others] = held;
    const byMarker = judgeHeld(traceOf('holder#2 < connack new', ...others));
    assert.deepEqual(short(byMarker), ['ok publisher-session']);
    assert.match(byMarker[0]?.message ?? '', /by a subscription, which Millrace makes/);
    assert.deepEqual(short(judgeHeld(traceOf('holder#4 < connack new'))), ['problem publisher-session']);
    assert.deepEqual(judgeOutbound(traceOf('writer#2 < connack new')), [], 'it is told once');
  });

  it('a re-send without an answer, a message that is lost, and one that is doubled are problems (Moquette, mochi)', () => {
    const silent = judgeOutbound(traceOf(...good.filter((line) => line !== 'writer#2 < pubrec 1')));
    assert.match(silent.at(-1)?.message ?? '', /a PUBLISH at QoS 2 that is sent again after a cut is never answered/);
    assert.match(judgeHeld(traceOf(...held.slice(0, 2))).at(-1)?.message ?? '', /QoS 1 .* never answered/);
    for (const judged of [judgeOutbound(traceOf(...good.slice(0, -1))), judgeHeld(traceOf(...held.slice(0, 3)))])
      assert.match(judged.at(-1)?.message ?? '', /was never delivered/);
    assert.match(judgeOutbound(traceOf(...good, ...SEEN)).at(-1)?.message ?? '', /delivered twice/);
  });
});

describe('what a broker keeps', () => {
  const all = ([1, 2] as const).flatMap((qos) =>
    Array.from({ length: QUEUED }, (_, index) => `reader#2 < publish ${index + 1} q${qos} ${queuedText(qos, index)}`),
  );
  const present = 'reader#2 < connack present';

  it('the queue of a client that is away: all, in order; lost, unordered and doubled are told', () => {
    assert.deepEqual(short(judgeQueue(traceOf(present, ...all), 2)), ['ok session', 'ok queue']);
    assert.deepEqual(short(judgeQueue(traceOf('reader#2 < connack new'), 2)), ['problem session']);
    assert.deepEqual(short(judgeQueue(traceOf(present, ...all.slice(0, -3)), 2)), ['ok session', 'problem queue']);
    assert.deepEqual(short(judgeQueue(traceOf(present, ...all.toReversed()), 2)), [
      'ok session',
      'warning order',
      'warning order',
    ]);
    assert.deepEqual(short(judgeQueue(traceOf(present, ...all, all.at(-1) ?? ''), 2)), ['ok session', 'problem queue']);
    assert.deepEqual(short(judgeQueue(traceOf(present, ...all.slice(0, QUEUED)), 1)), ['ok session', 'ok queue']);
  });

  it('a restart: kept, gone and said, or gone without a word (ejabberd; mosquitto without a save)', () => {
    assert.deepEqual(short(judgeRestart(traceOf(present, ...all), 2)), ['ok restart']);
    const gone = judgeRestart(traceOf('reader#2 < connack new'), 2);
    assert.match(gone[0]?.message ?? '', /ends its sessions/);
    assert.match(judgeRestart(traceOf(present), 2)[0]?.message ?? '', /said to be present/);
    assert.deepEqual(short(judgeRestart(traceOf(), 2)), ['unknown restart']);
  });

  it('a takeover, an expiry, a window, overlapping filters', () => {
    assert.deepEqual(short(judgeTakeover(traceOf('twin#2 < connack present', 'twin#1 x broker'))), ['ok takeover']);
    assert.deepEqual(short(judgeTakeover(traceOf('twin#2 < connack present', 'twin#1 x us'))), ['problem takeover']);
    assert.deepEqual(short(judgeExpiry(traceOf('longer#2 < connack present', 'brief#2 < connack new'))), ['ok expiry']);
    assert.deepEqual(short(judgeExpiry(traceOf('longer#2 < connack present', 'brief#2 < connack present'))), [
      'warning expiry',
    ]);
    assert.deepEqual(short(judgeExpiry(traceOf('longer#2 < connack new'))), ['problem expiry']);
    const window = ['reader#1 < publish 1 q1 a', 'reader#1 > puback 1', 'reader#1 < publish 2 q1 b'];
    assert.deepEqual(short(judgeWindow(traceOf(...window), 1, 2)), ['ok window']);
    assert.deepEqual(short(judgeWindow(traceOf(...window.filter((line) => !line.includes('>'))), 1, 2)), [
      'problem window',
    ]);
    assert.deepEqual(short(judgeWindow(traceOf(...window), 1, 3)), ['problem window']);
    const copy = 'reader#1 < publish 1 q1 overlap';
    assert.deepEqual(
      [copy, `${copy}|${copy}`].map((lines) => short(judgeOverlap(traceOf(...lines.split('|'))))[0]),
      ['ok overlap', 'warning overlap'],
    );
  });
});

describe('what a broker says', () => {
  const limits: ServerLimits = { ...SERVER_LIMITS, sessionExpiryInterval: 604_800 };
  const probed = (granted: 0 | 1 | 2, change: Partial<ServerLimits> = {}) => ({
    connected: { version: 5 as const, limits: { ...limits, ...change } },
    granted: [{ filter: 'f', requested: 2 as const, granted }],
    error: undefined,
  });

  it('is judged: no QoS 2, a small window, a short session, no connection (RabbitMQ, HiveMQ)', () => {
    assert.deepEqual(short(judgeBasics(probed(2), 5, 604_800)), ['ok connect', 'ok qos', 'ok expiry']);
    assert.deepEqual(short(judgeBasics(probed(1), 5, 604_800)), ['ok connect', 'warning qos', 'ok expiry']);
    assert.match(judgeBasics(probed(2, { receiveMaximum: 10 }), 5, 604_800)[2]?.message ?? '', /takes 10 messages/);
    assert.deepEqual(short(judgeBasics(probed(2), 5, 700_000)).at(-1), 'warning expiry');
    const error = new MillraceError('ABORTED', 'x');
    const silent = judgeBasics({ connected: undefined, granted: [], error }, 4, 1);
    assert.deepEqual(silent[0]?.message, 'MQTT 3.1.1: no answer within 10 s');
  });

  it('retained messages and shared subscriptions (RabbitMQ has none for wildcards; NATS takes $share for a topic)', () => {
    const late = 'late#1 < publish 1 q1 retain kept';
    assert.deepEqual(short(judgeRetained(traceOf(late, late.replace('late', 'wild')))), ['ok retained']);
    assert.match(judgeRetained(traceOf(late))[0]?.message ?? '', /not by a wildcard/);
    assert.deepEqual(short(judgeRetained(traceOf())), ['warning retained']);
    const granted = 'member#1 < suback 1';
    assert.deepEqual(short(judgeShared(traceOf(granted, 'member#1 < publish 1 q1 shared'), 5)), ['ok shared']);
    assert.match(judgeShared(traceOf(granted), 4)[0]?.follows ?? '', /below 5.0 it is a topic/);
    assert.match(judgeShared(traceOf('member#1 < suback 158'), 5)[0]?.message ?? '', /refuses/);
  });
});
