import type { ContractCase } from '../contract-case.js';
import { boundedCase, DEFAULT_PATIENCE_MS } from '../until.js';
import { COMMIT_CASES } from './commit-cases.js';
import { PROVIDER_CASES } from './provider-cases.js';
import { READ_CASES } from './read-cases.js';
import { type StoreHarness, withStore } from './store-scene.js';

/** Every case that every store must pass: the rules of `Store` and `StoreProvider`. None is ruled out by a limit. */
export const storeCases = (harness: StoreHarness): readonly ContractCase[] => [
  ...[...COMMIT_CASES, ...READ_CASES].map(([name, run]) => caseOf(name, harness, () => withStore(harness, run))),
  ...PROVIDER_CASES.map(([name, run]) => caseOf(name, harness, async () => run(await harness.start()))),
];

const caseOf = (
  name: string,
  { patienceMs = DEFAULT_PATIENCE_MS }: StoreHarness,
  run: () => Promise<void>,
): ContractCase => ({ name, skip: undefined, run: () => boundedCase(patienceMs, run) });
