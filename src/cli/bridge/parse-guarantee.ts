import type { ProcessingGuarantee } from '../../connector/processing-guarantee.js';
import type { QualityOfService } from '../../mqtt/protocol/quality-of-service.js';
import type { CollectedOptions } from '../options/collect-options.js';
import { choiceOption } from '../options/option-values.js';
import { usageError } from '../options/usage-error.js';
import { GUARANTEE_CHOICES, QOS_CHOICES } from './bridge-options.js';

/** What a bridge promises, and the QoS at which it can. */
export interface BridgeGuarantee {
  /** As asked for, or what the QoS allows. */
  readonly guarantee: ProcessingGuarantee;
  /** The highest, reading and publishing. */
  readonly qos: QualityOfService;
}

const QOS = { '0': 0, '1': 1, '2': 2 } as const;

/** By default QoS 1 and at-least-once; QoS 0 gives none, exactly-once takes QoS 2. Throws on what cannot be given. */
export function parseGuarantee(options: CollectedOptions): BridgeGuarantee {
  const choice = choiceOption(options, 'guarantee', GUARANTEE_CHOICES);
  const asked = choiceOption(options, 'qos', QOS_CHOICES);
  if (choice === 'exactly-once') return exactlyOnce(options, asked);
  const qos = QOS[asked ?? '1'];
  const guarantee = choice ?? (qos === 0 ? 'none' : 'at-least-once');
  if (guarantee === 'at-least-once' && qos === 0) {
    throw usageError(
      '--guarantee at-least-once needs --qos 1 or 2: at QoS 0 a broker sends once and forgets',
      'guarantee',
    );
  }
  return { guarantee, qos };
}

function exactlyOnce(options: CollectedOptions, asked: string | undefined): BridgeGuarantee {
  if (asked !== undefined && asked !== '2') {
    throw usageError(
      '--guarantee exactly-once needs --qos 2: below it, a copy cannot be told from a new message',
      'qos',
    );
  }
  if (options.value('dir') === undefined) {
    throw usageError('--guarantee exactly-once needs --dir: the directory of its durable state', 'dir');
  }
  return { guarantee: 'exactly-once', qos: 2 };
}
