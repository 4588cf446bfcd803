import { MetricsRegistry } from '../metrics/metrics-registry.js';
import type { ProcessingGuarantee } from './processing-guarantee.js';
import type { OpenContext } from './source.js';

/** The context of a source or sink that is opened without an engine. */
export const standaloneContext = (guarantee: ProcessingGuarantee, signal: AbortSignal | undefined): OpenContext => ({
  job: 'standalone',
  guarantee,
  metrics: new MetricsRegistry(),
  signal: signal ?? new AbortController().signal,
});
