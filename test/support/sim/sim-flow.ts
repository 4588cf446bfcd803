import { SeededRandom } from '../seeded-random.js';
import { SimBroker, type SimBrokerWatcher } from './sim-broker.js';
import { SIM_BROKERS } from './sim-broker-habits.js';
import type { DiskSpeed } from './sim-disk.js';
import { SimProcess } from './sim-job.js';
import type { LinkSpeed } from './sim-link.js';
import { pipelineOf, SINK_PORT, SOURCE_PORT } from './sim-pipeline.js';
import { type SimPlan, simPlan } from './sim-plan.js';
import { SimWorld } from './sim-world.js';

/** A steady flow of QoS 2 messages through a job that has nothing to suffer. */
export interface SimFlow {
  /** Of both brokers. */
  readonly window: number;
  readonly link: LinkSpeed;
  readonly disk: DiskSpeed;
  readonly messages: number;
  /** Between two messages; 0: all wait from the beginning. */
  readonly everyMs: number;
}

/** What it came to. */
export interface FlowFigures {
  readonly messagesPerCommit: number;
  /** From the broker of the source to a reader at that of the sink: half of the messages, and all but one of a hundred. */
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly virtualMs: number;
}

const SEED = 1;
const SETTLE_MS = 50;
const MOST_MS = 1_000_000;
const NOTHING = (): undefined => undefined;

/** Virtual times and real commits: the same on every machine. */
export async function playFlow({ window, link, disk, messages, everyMs }: SimFlow): Promise<FlowFigures> {
  const world = new SimWorld(SEED);
  world.linkSpeed = link;
  world.disk.speed = disk;
  const habits = { ...SIM_BROKERS.mosquitto, window, receiveMaximum: window };
  const sentAt: number[] = [];
  const latencies: number[] = [];
  const watcher = (delivered: SimBrokerWatcher['delivered']): SimBrokerWatcher => ({
    delivered,
    handedOver: NOTHING,
    repeated: NOTHING,
    again: NOTHING,
    brokerLost: NOTHING,
    refusal: NOTHING,
    complain: (text) => {
      throw new Error(text);
    },
    intercept: NOTHING,
  });
  const source = new SimBroker(world.clock, habits, watcher(NOTHING));
  const sink = new SimBroker(
    world.clock,
    habits,
    watcher(({ payload }) => latencies.push(world.clock.now - (sentAt[Number(payload.split(' ')[0])] ?? 0))),
  );
  world.brokers.set(SOURCE_PORT, source);
  world.brokers.set(SINK_PORT, sink);
  const plan = flowPlan();
  let process: SimProcess | undefined;
  world.clock.after(0, () => {
    process = new SimProcess(world, plan, pipelineOf(plan), 0);
  });
  await world.run(() => process?.running === true, MOST_MS);
  await world.run(() => false, world.clock.now + SETTLE_MS);
  const [commits, startMs] = [world.disk.commits, world.clock.now];
  for (let n = 0; n < messages; n += 1) {
    world.clock.after(n * everyMs, () => {
      sentAt[n] = world.clock.now;
      source.publish({ topic: 'in/t0', payload: String(n), qos: 2 });
    });
  }
  if (!(await world.run(() => latencies.length === messages, MOST_MS))) throw new Error('the flow has stopped');
  const sorted = latencies.sort((a, b) => a - b);
  const figures = {
    messagesPerCommit: messages / (world.disk.commits - commits),
    medianMs: sorted[messages >> 1] ?? Number.NaN,
    p99Ms: sorted[Math.floor((messages - 1) * 0.99)] ?? Number.NaN,
    virtualMs: world.clock.now - startMs,
  };
  process?.kill();
  return figures;
}

const flowPlan = (): SimPlan => ({
  ...simPlan(SEED, 'exactly-once', new SeededRandom(SEED)),
  kind: 'plain',
  time: undefined,
  protocolVersion: 5,
  topics: 1,
  mixed: false,
  parallelism: 1,
  maxOutboxMessages: 100_000,
  receiveMaximum: 1000,
  maxInflight: 1000,
  copies: 1,
  refusals: false,
  flaky: false,
  maxCommitBytes: 16_000_000,
  faults: [],
});
