import { MetricsRegistry } from '../../metrics/metrics-registry.js';
import { OperatorWarnings } from '../../metrics/warnings/operator-warnings.js';
import type { OpenContext } from '../open-context.js';
import type { ProcessingGuarantee } from '../processing-guarantee.js';
import type { OpenOptions } from './open-options.js';

/** In place of a job's name. */
const STANDALONE = 'standalone';

/** The context of a source or sink that is opened without an engine. */
export const standaloneContext = (guarantee: ProcessingGuarantee, options: OpenOptions): OpenContext => ({
  job: STANDALONE,
  guarantee,
  metrics: options.metrics ?? new MetricsRegistry(),
  signal: options.signal ?? new AbortController().signal,
});

/** The warnings of a source or sink that is opened without an engine; undefined where none are wanted. */
export const standaloneWarnings = (
  kind: 'source' | 'sink',
  name: string,
  { warnings = true }: OpenOptions,
): OperatorWarnings | undefined => {
  if (!warnings) return undefined;
  const parts = kind === 'source' ? { sources: [name], sinks: [] } : { sources: [], sinks: [name] };
  const told = new OperatorWarnings({ what: `${kind} "${name}"`, job: STANDALONE, ...parts });
  told.starting();
  return told;
};

/** Opens, and has the warnings say no more of the start; where it fails they are over. */
export const openedOr = async <P>(warnings: OperatorWarnings | undefined, open: () => Promise<P>): Promise<P> => {
  try {
    const opened = await open();
    warnings?.started();
    return opened;
  } catch (error) {
    warnings?.[Symbol.dispose]();
    throw error;
  }
};
