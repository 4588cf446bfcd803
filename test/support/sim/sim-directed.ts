import { SeededRandom } from '../seeded-random.js';
import { SIM_BROKERS, type SimBrokerHabits, type SimBrokerName } from './sim-broker-habits.js';
import { SimHistory, type SimOutcome } from './sim-history.js';
import type { PlannedFault, SimFault, SimPlan } from './sim-plan.js';
import { simPlan } from './sim-plan.js';

/** A history that is told what happens in it. */
export interface Directed {
  readonly source?: SimBrokerName;
  readonly sink?: SimBrokerName;
  /** Over the habits of the sink's broker. */
  readonly sinkHabits?: Partial<SimBrokerHabits>;
  readonly plan?: Partial<SimPlan>;
  readonly faults: readonly SimFault[];
}

/** Plays one topic of messages with these faults from the start, a seed for each of `seeds`. */
export async function playDirected(directed: Directed, seeds = 1): Promise<readonly SimOutcome[]> {
  const outcomes: SimOutcome[] = [];
  for (let seed = 0; seed < seeds; seed += 1) {
    outcomes.push(await new SimHistory(planOf(seed, directed), { logging: true }).play());
  }
  return outcomes;
}

function planOf(
  seed: number,
  { source = 'specification', sink = 'specification', sinkHabits, plan, faults }: Directed,
): SimPlan {
  const planned: PlannedFault[] = faults.map((fault, index) => ({ atMs: index, fault }));
  return {
    ...simPlan(seed, 'exactly-once', new SeededRandom(seed)),
    kind: 'plain',
    time: undefined,
    brokers: { source, sink },
    habits: { source: SIM_BROKERS[source], sink: { ...SIM_BROKERS[sink], ...sinkHabits } },
    protocolVersion: 5,
    topics: 1,
    messages: 6,
    publishMs: 100,
    parallelism: 1,
    maxOutboxMessages: 1000,
    receiveMaximum: 1000,
    maxInflight: 1000,
    copies: 1,
    flaky: false,
    maxCommitBytes: 1_000_000,
    mixed: false,
    refusals: false,
    early: false,
    ...plan,
    faults: planned,
  };
}
