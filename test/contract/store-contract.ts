import { type StoreHarness, storeCases } from '../../src/connector/testing/index.js';
import { PATIENCE_MS } from '../support/limits.js';
import { runCases } from './run-cases.js';

/** Every case that every store must pass. */
export const storeContract = (name: string, harness: StoreHarness): void =>
  runCases(`the contract of a store: ${name}`, storeCases({ patienceMs: PATIENCE_MS, ...harness }));
