import type { ContractCase } from '../contract-case.js';
import { boundedCase, DEFAULT_PATIENCE_MS, untilWithin } from '../until.js';
import { commitScenarios, type DurableSinkScenario } from './commit-cases.js';
import { type DurableSinkHarness, DurableSinkScene } from './durable-sink-harness.js';
import { recoveryScenarios } from './recovery-cases.js';

/**
 * Every case that every sink must pass in a job with a store: the rules of `DurableSinkWriter` and `OutboxSender`. A sink without
 * `createDurableWriter` runs them behind the outbox that an engine would put in front of it.
 */
export const durableSinkCases = <T>(harness: DurableSinkHarness<T>): readonly ContractCase[] =>
  [...commitScenarios<T>(), ...recoveryScenarios<T>(harness.limits)].map((scenario) => ({
    name: scenario.name,
    skip: scenario.skip,
    run: () => play(harness, scenario),
  }));

const play = async <T>(harness: DurableSinkHarness<T>, { run }: DurableSinkScenario<T>): Promise<void> => {
  const { patienceMs = DEFAULT_PATIENCE_MS } = harness;
  const scene = new DurableSinkScene(harness, await harness.start(), untilWithin(patienceMs));
  try {
    await boundedCase(patienceMs, () => run(scene));
  } finally {
    await scene.end();
  }
};
