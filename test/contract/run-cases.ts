import { describe, test } from 'node:test';
import type { ContractCase } from '../../src/connector/testing/index.js';
import { LIMIT } from '../support/limits.js';

/** Gives all cases of a contract to the test runner. */
export const runCases = (title: string, cases: readonly ContractCase[]): void => {
  describe(title, () => {
    for (const { name, skip, run } of cases) test(name, { ...LIMIT, ...(skip === undefined ? {} : { skip }) }, run);
  });
};
