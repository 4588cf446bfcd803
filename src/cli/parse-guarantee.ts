import type { ProcessingGuarantee } from '../connector/processing-guarantee.js';
import { MillraceError } from '../errors/index.js';
import type { QualityOfService } from '../protocol/quality-of-service.js';
import type { CollectedOptions } from './collect-options.js';
import { choiceOption } from './option-values.js';
import { usageError } from './usage-error.js';

/** The guarantee of a bridge: at-least-once where the QoS allows it, else none. Throws on what cannot be given. */
export function parseGuarantee(options: CollectedOptions, qos: QualityOfService): ProcessingGuarantee {
  if (options.value('guarantee') === 'exactly-once') throw notYet();
  const choice = choiceOption(options, 'guarantee', ['none', 'at-least-once']);
  const guarantee = choice ?? (qos === 0 ? 'none' : 'at-least-once');
  if (guarantee === 'at-least-once' && qos === 0) {
    throw usageError(
      '--guarantee at-least-once needs --qos 1 or 2: at QoS 0 a broker sends once and forgets',
      'guarantee',
    );
  }
  return guarantee;
}

function notYet(): MillraceError {
  return new MillraceError(
    'GUARANTEE_UNSUPPORTED',
    '--guarantee exactly-once is not in this release; the next one has it',
    {
      advice: 'Use --guarantee at-least-once.',
      details: { option: '--guarantee' },
    },
  );
}
