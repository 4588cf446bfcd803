import { topicNameProblem } from '../../mqtt/protocol/topic.js';
import type { CollectedOptions } from '../options/collect-options.js';
import { choiceOption } from '../options/option-values.js';
import { usageError } from '../options/usage-error.js';
import { ON_ERROR_CHOICES } from './bridge-options.js';

/** What becomes of a message that cannot be read or passed on. */
export type BridgeOnError = 'fail' | 'skip' | { readonly file: string } | { readonly topic: string };

/** A place for dead letters stands for `--on-error dead-letter`; every other combination contradicts itself. */
export function parseOnError(options: CollectedOptions): BridgeOnError {
  const file = options.value('dead-letters');
  const topic = options.value('dead-letter-topic');
  const place = file !== undefined ? '--dead-letters' : topic !== undefined ? '--dead-letter-topic' : undefined;
  const asked = choiceOption(options, 'on-error', ON_ERROR_CHOICES);
  if (file !== undefined && topic !== undefined)
    throw usageError('--dead-letters and --dead-letter-topic exclude each other', 'dead-letter-topic');
  if (asked === 'dead-letter' && place === undefined)
    throw usageError('--on-error dead-letter needs --dead-letters F or --dead-letter-topic T', 'on-error');
  if (asked !== undefined && asked !== 'dead-letter' && place !== undefined)
    throw usageError(`--on-error ${asked} contradicts ${place}`, 'on-error');
  if (file !== undefined) return { file };
  if (topic === undefined) return asked === 'skip' ? 'skip' : 'fail';
  const problem = topicNameProblem(topic);
  if (problem !== undefined) throw usageError(`--dead-letter-topic: ${problem}`, 'dead-letter-topic');
  return { topic };
}
