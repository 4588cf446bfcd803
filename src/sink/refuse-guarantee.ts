import type { ProcessingGuarantee } from '../connector/processing-guarantee.js';
import { MillraceError } from '../errors/millrace-error.js';
import type { LaneLimits } from './lane-limits.js';

interface Facts {
  readonly name: string;
  readonly qos: number;
  readonly limits: (guarantee: ProcessingGuarantee) => LaneLimits;
}

/** Exactly-once needs an outbox in a store, which the engine does not have yet. */
export const refuseExactlyOnce = (name: string, guarantee: ProcessingGuarantee): MillraceError | undefined =>
  guarantee === 'exactly-once'
    ? refusal(name, 'exactly-once needs a job with a durable store, which is not there yet', 'Use at-least-once.')
    : undefined;

/**
 * Why an MQTT sink cannot give this guarantee, with the ways out; undefined when it can. A message that asks for QoS 0
 * itself is let through under at-least-once: it is done when written, and counted apart (R16).
 */
export const refuseGuarantee = (
  { name, qos, limits }: Facts,
  guarantee: ProcessingGuarantee,
): MillraceError | undefined => {
  if (guarantee !== 'at-least-once') return refuseExactlyOnce(name, guarantee);
  if (qos === 0) {
    const why = 'at-least-once needs QoS 1 or 2: nothing confirms a QoS 0 message';
    return refusal(name, why, "Use qualityOfService 1 or 2, or processingGuarantee 'none'.");
  }
  const { offlineOverflow } = limits(guarantee);
  if (offlineOverflow !== 'pause') {
    const why = `at-least-once cannot be given with offlineOverflow "${offlineOverflow}", which drops messages`;
    return refusal(name, why, "Use offlineOverflow 'pause', or processingGuarantee 'none'.");
  }
  return undefined;
};

const refusal = (name: string, why: string, advice: string): MillraceError =>
  new MillraceError('GUARANTEE_UNSUPPORTED', `sink "${name}": ${why}`, { advice, details: { sink: name } });
