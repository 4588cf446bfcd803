import type { OpenContext } from '../../../src/connector/index.js';
import { MetricsRegistry } from '../../../src/metrics/index.js';

/** The context in which a source or a sink is opened: that of a job without a store, unless changed. */
export const openContext = (changes: Partial<OpenContext> = {}): OpenContext => ({
  job: 'test',
  guarantee: 'at-least-once',
  metrics: new MetricsRegistry(),
  signal: new AbortController().signal,
  ...changes,
});
