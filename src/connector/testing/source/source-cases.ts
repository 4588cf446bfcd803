import type { ContractCase } from '../contract-case.js';
import { boundedCase, DEFAULT_PATIENCE_MS, untilWithin } from '../until.js';
import { acknowledgementScenarios } from './acknowledgement-cases.js';
import { answerScenarios } from './answer-cases.js';
import { durableScenarios } from './durable-cases.js';
import { readerScenarios } from './reader-cases.js';
import type { SourceHarness, SourceScenario } from './source-harness.js';

/**
 * Every case that every source must pass: the rules of `SourceReader`, with an engine's job and without, with a store and without.
 *
 * ```ts
 * for (const { name, skip, run } of sourceCases(harness)) test(name, { skip: skip ?? false }, run);
 * ```
 */
export const sourceCases = <T>(harness: SourceHarness<T>): readonly ContractCase[] => {
  const { limits } = harness;
  const scenarios: readonly SourceScenario<T>[] = [
    ...readerScenarios<T>(limits.failure),
    ...acknowledgementScenarios<T>(limits),
    ...durableScenarios<T>(limits),
    ...answerScenarios<T>(limits),
  ];
  return scenarios.map((scenario) => ({
    name: scenario.name,
    skip: scenario.skip,
    run: () => play(harness, scenario),
  }));
};

const play = async <T>(harness: SourceHarness<T>, { items, run }: SourceScenario<T>): Promise<void> => {
  const { limits, patienceMs = DEFAULT_PATIENCE_MS } = harness;
  const fixture = await harness.start(items);
  try {
    await boundedCase(patienceMs, () => run({ fixture, limits, until: untilWithin(patienceMs) }));
  } finally {
    await fixture.stop();
  }
};
