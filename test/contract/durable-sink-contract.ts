import { type DurableSinkHarness, durableSinkCases } from '../../src/connector/testing/index.js';
import { PATIENCE_MS } from '../support/limits.js';
import { runCases } from './run-cases.js';

export type { DurableSinkFixture } from '../../src/connector/testing/index.js';

/** Every case that every sink of a job with a store must pass. */
export const durableSinkContract = <T>(name: string, harness: DurableSinkHarness<T>): void =>
  runCases(`durable sink contract: ${name}`, durableSinkCases({ patienceMs: PATIENCE_MS, ...harness }));
