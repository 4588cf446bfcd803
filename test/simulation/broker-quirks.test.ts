import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fullRun } from '../support/full-run.js';
import { LIMIT } from '../support/limits.js';
import type { SimBrokerName } from '../support/sim/sim-broker-habits.js';
import { playDirected } from '../support/sim/sim-directed.js';
import type { SimOutcome } from '../support/sim/sim-history.js';
import type { SimFault, SimPlan } from '../support/sim/sim-plan.js';

/*
 * What each broker does in its own way, alone: what the product makes of it, and where its limits are. The limits are documented
 * (docs/guarantees.md); a test that pins one fails when it goes away.
 */

const SEEDS = fullRun ? 20 : 5;
/** Where a history takes long, or there are many. */
const FEW_SEEDS = fullRun ? 3 : 1;

function allWell(outcomes: readonly SimOutcome[]): void {
  for (const { plan, verdicts } of outcomes) assert.deepEqual(verdicts, [], `seed ${plan.seed}`);
}

function verdictsOf(outcomes: readonly SimOutcome[]): readonly string[] {
  return outcomes.flatMap(({ verdicts }) => verdicts);
}

const duplicatesOf = (outcomes: readonly SimOutcome[]): number =>
  outcomes.reduce((sum, { duplicates }) => sum + duplicates, 0);

type FlowPacket = 'publish' | 'pubrec' | 'pubrel' | 'pubcomp';
type Passing = readonly ['source' | 'sink', 'in' | 'out', FlowPacket];

const marked = ([side, direction, packet]: Passing) => ({ side, direction, packet, count: 2 }) as const;
const severs = (...passing: Passing): SimFault => ({ kind: 'sever-at-packet', ...marked(passing) });
const kills = (...passing: Passing): SimFault => ({ kind: 'kill-at-packet', ...marked(passing) });

/** The broker goes down before the packet arrives. */
const fells = (how: 'restart' | 'kill', downMs: number, ...passing: Passing): SimFault => ({
  kind: 'broker-at-packet',
  how,
  downMs,
  ...marked(passing),
});

const PHASES = (['publish', 'pubrec', 'pubrel', 'pubcomp'] as const).flatMap((packet) => {
  const sinkSends = packet === 'publish' || packet === 'pubrel';
  return [
    ['source', sinkSends ? 'out' : 'in', packet],
    ['sink', sinkSends ? 'in' : 'out', packet],
  ] as const;
});

for (const broker of ['specification', 'mosquitto', 'emqx'] as const) {
  test(`${broker}: a cut or a kill in any phase of either QoS 2 flow is survived exactly once`, LIMIT, async () => {
    for (const [side, direction, packet] of PHASES) {
      for (const fault of [severs(side, direction, packet), kills(side, direction, packet)]) {
        const outcomes = await playDirected({ source: broker, sink: broker, faults: [fault] }, FEW_SEEDS);
        allWell(outcomes);
        assert.ok(outcomes.every(({ fired }) => fired.length === 1));
      }
    }
  });
}

test('mosquitto: no more than its 20 messages are in flight, and all of them are', LIMIT, async () => {
  const outcomes = await playDirected({ sink: 'mosquitto', plan: { messages: 120, publishMs: 5 }, faults: [] });
  allWell(outcomes); // more than 20 would be a complaint of the broker
  const [most] = outcomes.map(({ log }) => longestRun(log, 'sink broker takes publish', 'sink broker sends pubcomp'));
  assert.equal(most, 20);
});

test('a broker that uses ids again at once swallows no message', LIMIT, async () => {
  const faults = [kills('source', 'in', 'pubcomp'), kills('source', 'in', 'pubrec'), severs('source', 'in', 'pubcomp')];
  allWell(await playDirected({ source: 'lowestFree', plan: { messages: 20 }, faults }, SEEDS));
});

/** The `count`-th PUBCOMP of the source goes down with its connection, and its broker stands still for so long. */
const freezes = (count: number, ms: number): SimFault => ({
  kind: 'freeze-at-packet',
  side: 'source',
  direction: 'in',
  packet: 'pubcomp',
  count,
  ms,
});

test(
  'R2b: mosquitto stands still for longer than all timeouts, again and again: given-up CONNECTs make it send finished messages again, which come once',
  LIMIT,
  async () => {
    const plan = { messages: 60, publishMs: 3000 };
    const faults = [freezes(8, 100_000), freezes(6, 100_000), freezes(5, 40_000)];
    const outcomes = await playDirected({ source: 'mosquitto', plan, faults }, fullRun ? 12 : 4);
    allWell(outcomes);
    assert.equal(duplicatesOf(outcomes), 0);
    assert.ok(outcomes.every(({ fired }) => fired.length === faults.length));
    const again = outcomes.filter(({ log }) => log.some((line) => line.includes('sends a finished message again')));
    assert.ok(again.length > 0, 'in some of them it does');
  },
);

test(
  'mosquitto killed: it forgets what waits for PUBREL and says that the session is there: a loss that no client can see',
  LIMIT,
  async () => {
    const outcomes = await playDirected(
      { sink: 'mosquittoKilled', faults: [fells('kill', 10, 'sink', 'in', 'pubrel')] },
      SEEDS,
    );
    for (const { verdicts } of outcomes)
      assert.match(verdicts.join('; '), /^NOT LIVE.*; LOST: t0 \d+ 0(, t0 \d+ 0)*$/, 'it loses, and nothing else');
  },
);

test(
  'mosquitto with its stock window: after a restart it sends again what stood behind the first 20: nothing is lost, and what comes twice is its first messages',
  LIMIT,
  async () => {
    const faults = [fells('restart', 10, 'source', 'in', 'pubcomp')];
    const crowd = { messages: 60, publishMs: 5 };
    const play = (source: SimBrokerName, plan: Partial<SimPlan>) => playDirected({ source, plan, faults }, 5);
    const outcomes = await play('mosquittoStockWindow', crowd);
    // that a message comes twice which the broker does not repeat is a verdict
    allWell(outcomes);
    for (const [broker, receiveMaximum] of [
      ['mosquittoStockWindow', 20],
      ['mosquitto', 1000],
    ] as const) {
      const without = await play(broker, { ...crowd, receiveMaximum });
      allWell(without);
      assert.equal(duplicatesOf(without), 0, `${broker}, Receive Maximum ${receiveMaximum}`);
    }
  },
);

test(
  'mosquitto killed: it goes on from its last save: what came from it since is told when it comes again (R2b), what it was sent since is lost, or comes twice',
  LIMIT,
  async () => {
    const plan = { messages: 30, publishMs: 400 };
    const killedAt = (side: 'source' | 'sink', direction: 'in' | 'out'): SimFault => ({
      kind: 'broker-at-packet',
      how: 'kill',
      downMs: 10,
      side,
      direction,
      packet: 'pubcomp',
      count: 12,
    });
    const fromSource = await playDirected(
      { source: 'mosquittoSaved', plan, faults: [killedAt('source', 'in')] },
      SEEDS,
    );
    allWell(fromSource);
    assert.equal(duplicatesOf(fromSource), 0);
    const atSink = await playDirected({ sink: 'mosquittoSaved', plan, faults: [killedAt('sink', 'out')] }, 8);
    // what it had taken since is lost with it. It has saved amid the connection, so nothing that is asked at a resume tells that it went back
    // (R5c), and what it had half done by then is gone over again
    // a history ends at its first verdict; what was on its way by then is not counted yet
    const verdicts = atSink.flatMap((outcome) => outcome.verdicts.slice(0, 1));
    assert.ok(verdicts.length > 0);
    for (const verdict of verdicts) assert.match(verdict, /^(NOT LIVE|LOST|DUPLICATED)/);
  },
);

test('mosquitto shut down in order, or saved before it is killed, loses nothing', LIMIT, async () => {
  const faults = [fells('restart', 10, 'sink', 'in', 'pubrel'), fells('restart', 10, 'source', 'in', 'pubcomp')];
  allWell(await playDirected({ source: 'mosquitto', sink: 'mosquitto', faults }, SEEDS));
});

test('EMQX: PUBREC 0x91 for a message that is sent again counts as received (F14)', LIMIT, async () => {
  const outcomes = await playDirected(
    { sink: 'emqx', faults: [severs('sink', 'out', 'pubrec'), kills('sink', 'out', 'pubrec')] },
    SEEDS,
  );
  allWell(outcomes);
});

test(
  'EMQX: after 300 seconds it has forgotten what it has, and a message that is sent again comes twice (F16)',
  LIMIT,
  async () => {
    const outage = (downMs: number): readonly SimFault[] => [fells('restart', downMs, 'sink', 'out', 'pubrec')];
    allWell(await playDirected({ sink: 'emqx', faults: outage(200_000) }, FEW_SEEDS));
    for (const { verdicts } of await playDirected({ sink: 'emqx', faults: outage(301_000) }, FEW_SEEDS)) {
      assert.match(verdicts.join('; '), /^DUPLICATED/);
    }
  },
);

test(
  'EMQX from 6.2 on drops a message that is sent again and whose first copy never arrived: a loss that no client can see (F15)',
  LIMIT,
  async () => {
    for (const firstCopyLost of [severs('sink', 'in', 'publish'), kills('sink', 'in', 'publish')]) {
      for (const { verdicts } of await playDirected({ sink: 'emqxTrustingDup', faults: [firstCopyLost] }, 5)) {
        assert.match(verdicts.join('; '), /LOST: t0 \d+ 0/);
      }
      allWell(await playDirected({ sink: 'emqx', faults: [firstCopyLost] }, 5));
    }
  },
);

test('EMQX from 6.2 on: rows that are stored while it is down go out with DUP 0 and arrive (R8a)', LIMIT, async () => {
  const outage: SimFault = { kind: 'broker', side: 'sink', how: 'restart', downMs: 1000 };
  allWell(await playDirected({ sink: 'emqxTrustingDup', plan: { messages: 40 }, faults: [outage] }, 5));
});

test('RabbitMQ: exactly-once is refused with the ways out', LIMIT, async () => {
  for (const sides of [{ source: 'rabbitmq' }, { sink: 'rabbitmq' }] as const) {
    const [verdict] = verdictsOf(await playDirected({ ...sides, plan: { early: true, messages: 20 }, faults: [] }));
    assert.match(verdict ?? '', /GUARANTEE_UNSUPPORTED|GRANTED_QOS_TOO_LOW/);
  }
});

test('RabbitMQ: at least once loses nothing at QoS 1, and what comes twice is counted', LIMIT, async () => {
  const plan = { guarantee: 'at-least-once', qos: 1, messages: 20 } as const;
  const faults: readonly SimFault[] = [
    { kind: 'sever-at-packet', side: 'sink', direction: 'out', packet: 'puback', count: 3 },
    { kind: 'kill-at-packet', side: 'source', direction: 'in', packet: 'puback', count: 3 },
  ];
  const outcomes = await playDirected({ source: 'rabbitmq', sink: 'rabbitmq', plan, faults }, SEEDS);
  allWell(outcomes);
  assert.ok(duplicatesOf(outcomes) > 0);
});

/** How far lines with `up` run ahead of lines with `down`. */
function longestRun(log: readonly string[], up: string, down: string): number {
  let ahead = 0;
  let most = 0;
  for (const line of log) {
    if (line.endsWith(up)) ahead += 1;
    else if (line.endsWith(down)) ahead -= 1;
    most = Math.max(most, ahead);
  }
  return most;
}
