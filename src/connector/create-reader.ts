import { openReader } from './guards/guarded-reader.js';
import { IdleReader } from './idle-reader.js';
import { ONLY_PARTITION, type OpenContext } from './open-context.js';
import type { SourceDefinition } from './source.js';
import type { SourceReader } from './source-reader.js';

/** Opens a reader for a partition, behind its door. @param name of the source in its job */
export const createReader = <T>(
  name: string,
  source: SourceDefinition<T>,
  context: OpenContext,
): Promise<SourceReader<T>> => {
  const { index } = context.partition ?? ONLY_PARTITION;
  if (index > 0 && source.spread !== 'each') return openReader(name, async () => new IdleReader());
  return openReader(name, () => source.createReader(context));
};
