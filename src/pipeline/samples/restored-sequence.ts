import { MillraceError } from '../../errors/millrace-error.js';
import { isCount } from '../../internal/is-count.js';

/** The number of the next item, as a test source stores it; 0 on a first start. @throws MillraceError STORE_CORRUPT */
export const restoredSequence = (source: string, restored: unknown): number => {
  if (restored === undefined) return 0;
  if (isCount(restored)) return restored;
  throw new MillraceError('STORE_CORRUPT', `source "${source}": the stored state is not that of a test source`, {
    details: { source },
  });
};
