import assert from 'node:assert/strict';
import { subscribe } from 'node:diagnostics_channel';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { killSeed } from '../support/kill/kill-seed.js';
import { LIMIT } from '../support/limits.js';
import {
  assertSound,
  type BridgeRig,
  startBridge,
  startRigBrokers,
  stopRigBrokers,
} from '../support/rigs/bridge-rig.js';
import { SeededRandom } from '../support/seeded-random.js';
import { until } from '../support/until.js';

const CUTS = 16;
/** So many outputs may wait before no more is polled: what is polled and not acknowledged at a cut comes again. */
const WINDOW = 256;
/**
 * A cut meets what is under way, which is little; behind a trial, which keeps a connection idle for a second or so, it is the whole window. A
 * machine that is busy has more under way, which may come again.
 */
const COPIES_OF_A_CUT = WINDOW / 8;

/** Publishes some 400 messages a second until it is disposed of. */
function pouring(rig: BridgeRig): AsyncDisposable {
  let stopped = false;
  const pour = async (): Promise<void> => {
    while (!stopped) {
      await rig.publish(8);
      await sleep(20);
    }
  };
  const poured = pour();
  return {
    [Symbol.asyncDispose]: () => {
      stopped = true;
      return poured;
    },
  };
}

/** Both connections are reset, one soon behind the other, amid traffic. Gives how much was under way, or came until both were there again. */
async function cutBoth(rig: BridgeRig, random: SeededRandom): Promise<number> {
  const { source, sink, witness } = rig;
  const arrived = (): number => new Set(witness.texts).size;
  // what came since the cut before: behind its copies, which would be copied once more
  const traffic = rig.sent.length + 1 + random.below(80);
  await until(() => arrived() >= traffic, { what: 'traffic', intervalMs: 20 });
  await sleep(random.below(25));
  const before = source.connections + sink.connections;
  const sent = rig.sent.length;
  const behind = sent - arrived();
  source.cutAll('rst');
  await sleep(random.below(10));
  sink.cutAll('rst');
  await until(() => source.active > 0 && sink.active > 0 && source.connections + sink.connections > before);
  return behind + rig.sent.length - sent;
}

it(
  'R19a at least once costs few copies a cut: a reset amid traffic is not taken for another client',
  LIMIT,
  async (t) => {
    t.diagnostic(`SEED=${killSeed}`);
    const random = new SeededRandom(killSeed);
    const examined: unknown[] = [];
    subscribe('millrace:client-id-examined', (event) => examined.push(event));
    const brokers = await startRigBrokers({ config: ['max_inflight_messages 1000'] });
    await using rig = await startBridge(brokers, { qos: 1 });
    let underWay = 0;
    {
      await using _ = pouring(rig);
      for (let cut = 0; cut < CUTS; cut += 1) underWay += await cutBoth(rig, random);
    }
    const delivery = await rig.settle();
    assertSound(delivery, { once: false });
    const { duplicates } = delivery;
    const told = `${duplicates} copies in ${CUTS} cuts, of ${underWay} under way`;
    t.diagnostic(told);
    assert.ok(duplicates <= CUTS * COPIES_OF_A_CUT + underWay, told);
    assert.deepEqual(examined, []);
    await stopRigBrokers(brokers);
  },
);
