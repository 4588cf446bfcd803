import { checkTopicFilter } from '../../mqtt/protocol/topic.js';
import type { CollectedOptions } from './collect-options.js';
import { usageError } from './usage-error.js';

/** The topic filters of an option that may be given several times. Throws INVALID_OPTIONS for one that is none. */
export function filterOption(options: CollectedOptions, name: string): readonly string[] {
  const filters = options.list(name);
  for (const filter of filters) {
    try {
      checkTopicFilter(filter);
    } catch (error) {
      throw usageError(`--${name}: ${error instanceof Error ? error.message : String(error)}`, name);
    }
  }
  return filters;
}
