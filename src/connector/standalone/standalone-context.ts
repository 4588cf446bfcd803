import { MetricsRegistry } from '../../metrics/metrics-registry.js';
import type { OpenContext } from '../open-context.js';
import type { ProcessingGuarantee } from '../processing-guarantee.js';
import type { OpenOptions } from './open-options.js';

/** The context of a source or sink that is opened without an engine. */
export const standaloneContext = (guarantee: ProcessingGuarantee, options: OpenOptions): OpenContext => ({
  job: 'standalone',
  guarantee,
  metrics: options.metrics ?? new MetricsRegistry(),
  signal: options.signal ?? new AbortController().signal,
});

/** Calls `onAbort` when the signal aborts, at once if it has. The function it gives ends that. */
export const whenAborted = (signal: AbortSignal | undefined, onAbort: () => void): (() => void) => {
  if (signal?.aborted) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  return () => signal?.removeEventListener('abort', onAbort);
};
