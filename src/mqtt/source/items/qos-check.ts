import { MillraceError } from '../../../errors/millrace-error.js';
import { publishDiagnostic } from '../../../metrics/diagnostics.js';
import type { QualityOfService } from '../../protocol/quality-of-service.js';
import type { MessageEvent } from '../../protocol/session/session-event.js';
import type { SourceMetrics } from '../source-metrics.js';
import { TextMemory } from '../text-memory.js';

/**
 * What becomes of a message that came below the QoS that the guarantee needs, because its publisher chose so (R16): `accept` takes it,
 * `reject` gives it to `onError`, `fail` fails the job at it. It is always counted and told.
 */
export type OnLowerQos = 'accept' | 'reject' | 'fail';

/** Topics told, and characters of all of them; above either the memory starts anew. */
const TOLD_TOPICS = 1000;
const TOLD_CHARACTERS = 1024 * 1024;

/** What a check is made of. */
export interface QosCheckOptions {
  /** Its name. */
  readonly source: string;
  /** 0: every message will do. */
  readonly needed: QualityOfService;
  /** `onLowerQos`. */
  readonly policy: OnLowerQos;
  /** Counts in `lowerQos`, whatever the policy. */
  readonly metrics: SourceMetrics;
}

/** Looks for messages whose QoS is too low for the guarantee. Each topic is told once, so that a busy one floods nobody. */
export class QosCheck {
  readonly #options: QosCheckOptions;
  readonly #told = new TextMemory<true>(TOLD_TOPICS, TOLD_CHARACTERS);

  constructor(options: QosCheckOptions) {
    this.#options = options;
  }

  /** Whether such a message fails the source, whatever `onError` says. */
  get fails(): boolean {
    return this.#options.policy === 'fail';
  }

  /** The error of a message that may not become an item. */
  check({ qos, topic }: MessageEvent): MillraceError | undefined {
    const { needed, policy, source, metrics } = this.#options;
    if (qos >= needed) return undefined;
    metrics.lowerQos.add();
    this.#tell(topic, qos);
    if (policy === 'accept') return undefined;
    const text = `source "${source}": a message of topic "${topic}" came at QoS ${qos}, the guarantee needs ${needed}`;
    return new MillraceError('MESSAGE_QOS_TOO_LOW', text, {
      advice: `Publish at QoS ${needed}, or choose another onLowerQos.`,
      details: { source, topic, qos, needed, policy },
    });
  }

  #tell(topic: string, qos: QualityOfService): void {
    if (this.#told.get(topic) === true) return;
    this.#told.set(topic, true);
    const { source, needed, policy } = this.#options;
    publishDiagnostic('qos-below-subscription', { source, topic, qos, needed, policy });
  }
}
