import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fullRun } from '../support/full-run.js';
import { assertOnce } from '../support/kill/kill-assert.js';
import { type KillBroker, startKillBroker } from '../support/kill/kill-brokers.js';
import { OpenIds } from '../support/kill/kill-open-ids.js';
import { KillRig } from '../support/kill/kill-rig.js';
import { millracePipeline } from '../support/kill/kill-system.js';
import { LIMIT, SUITE_LIMIT } from '../support/limits.js';
import type { PacketMatch } from '../support/proxy/proxy-fault.js';

/*
 * Each phase of the QoS 2 flows on both sides: what stands between two steps is swallowed, so that the job stands in the phase;
 * there it is killed, or its connections are cut, and it must finish without a loss or a copy. Cells A1 to A7 and F3 to F8.
 */

const COUNT = 30;

interface Phase {
  readonly title: string;
  readonly side: 'from' | 'to';
  readonly swallowed: Pick<PacketMatch, 'from' | 'type'>;
}

const PHASES: readonly Phase[] = [
  {
    title: 'A1 PUBLISH on its way and not read',
    side: 'from',
    swallowed: { from: 'server', type: 'publish' },
  },
  {
    title: 'A4, B3 committed, PUBREC not at the broker',
    side: 'from',
    swallowed: { from: 'client', type: 'pubrec' },
  },
  {
    title: 'A5 PUBREC at the broker, PUBREL not received',
    side: 'from',
    swallowed: { from: 'server', type: 'pubrel' },
  },
  {
    title: 'A6, A7, B4 PUBREL received, PUBCOMP not at the broker',
    side: 'from',
    swallowed: { from: 'client', type: 'pubcomp' },
  },
  {
    title: 'F2, F3 committed, PUBLISH not at the broker',
    side: 'to',
    swallowed: { from: 'client', type: 'publish' },
  },
  {
    title: 'F4 the broker has the message, PUBREC not read',
    side: 'to',
    swallowed: { from: 'server', type: 'pubrec' },
  },
  {
    title: 'F5, F6 PUBREC committed, PUBREL not at the broker',
    side: 'to',
    swallowed: { from: 'client', type: 'pubrel' },
  },
  {
    title: 'F7, F8 the broker has passed the message on, PUBCOMP not read',
    side: 'to',
    swallowed: { from: 'server', type: 'pubcomp' },
  },
];

async function killAndStart(rig: KillRig): Promise<void> {
  await rig.kill();
  await rig.start();
}

async function cutBoth({ proxies }: KillRig): Promise<void> {
  proxies?.from.cutAll('rst');
  proxies?.to.cutAll('rst');
}

describe('exactly-once in each phase of QoS 2', SUITE_LIMIT, () => {
  let from: KillBroker;
  let to: KillBroker;
  before(async () => {
    [from, to] = await Promise.all([startKillBroker('durable'), startKillBroker('durable')]);
  });
  after(() => Promise.all([from.mosquitto.stop(), to.mosquitto.stop()]));

  const playPhase = async (phase: Phase, version: 5 | 4, interrupt: (rig: KillRig) => Promise<void>) => {
    const system = millracePipeline('phase', { kind: 'plain', connect: { protocolVersion: version } });
    await using rig = await KillRig.open({ system, from, to, proxied: true });
    const proxy = rig.proxies?.[phase.side];
    assert.ok(proxy);
    await rig.start();
    const fault = proxy.drop({ ...phase.swallowed, times: 10_000 });
    await rig.load.send(COUNT);
    await fault.fired({ count: 10 });
    await sleep(50);
    fault.disarm();
    await interrupt(rig);
    // What comes now must not be mixed up with what was in doubt.
    await rig.load.send(COUNT);
    assertOnce(await rig.settle());
    const ids = new OpenIds();
    ids.take(rig.proxies?.to.seen ?? []);
    assert.deepEqual(ids.reused, []);
    assert.deepEqual(await rig.end(), { code: 0, signal: null });
  };

  for (const phase of PHASES) {
    it(`${phase.title}: killed there, it loses and doubles nothing`, LIMIT, () => playPhase(phase, 5, killAndStart));
    if (!fullRun) continue;
    it(`${phase.title}: killed there, on 3.1.1`, LIMIT, () => playPhase(phase, 4, killAndStart));
    for (const version of [5, 4] as const) {
      it(`${phase.title}: cut off there (${version})`, LIMIT, () => playPhase(phase, version, cutBoth));
    }
  }
});
