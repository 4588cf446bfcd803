import { type SinkHarness, sinkCases } from '../../src/connector/testing/index.js';
import { PATIENCE_MS } from '../support/limits.js';
import { runCases } from './run-cases.js';

export type { SinkFixture } from '../../src/connector/testing/index.js';

/** Every case that every sink must pass. */
export const sinkContract = <T>(name: string, harness: SinkHarness<T>): void =>
  runCases(`sink contract: ${name}`, sinkCases({ patienceMs: PATIENCE_MS, ...harness }));
