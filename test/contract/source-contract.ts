import { type SourceHarness, sourceCases } from '../../src/connector/testing/index.js';
import { PATIENCE_MS } from '../support/limits.js';
import { runCases } from './run-cases.js';

export type { SourceFixture } from '../../src/connector/testing/index.js';

/** Every case that every source must pass. */
export const sourceContract = <T>(name: string, harness: SourceHarness<T>): void =>
  runCases(`source contract: ${name}`, sourceCases({ patienceMs: PATIENCE_MS, ...harness }));
