import { type LogHarness, logCases } from '../../src/connector/testing/index.js';
import { PATIENCE_MS } from '../support/limits.js';
import { runCases } from './run-cases.js';

/** Every case that every log of a partition must pass. */
export const logContract = (name: string, harness: LogHarness): void =>
  runCases(`the contract of a partition's log: ${name}`, logCases({ patienceMs: PATIENCE_MS, ...harness }));
