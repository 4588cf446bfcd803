import type { ProcessingGuarantee } from '../connector/processing-guarantee.js';
import { MillraceError } from '../errors/millrace-error.js';
import type { ResolvedSource } from './resolve-source.js';

type Facts = Pick<ResolvedSource<unknown>, 'name' | 'keepSession' | 'subscriptions'>;

/** At-least-once when the session is kept and something in it is redelivered, else none. */
export const defaultGuaranteeOf = (source: Facts): ProcessingGuarantee =>
  source.keepSession && isReliable(source) ? 'at-least-once' : 'none';

/** Why an MQTT source cannot give this guarantee, with the ways out; undefined when it can. */
export const refuseGuarantee = (source: Facts, guarantee: ProcessingGuarantee): MillraceError | undefined => {
  if (guarantee === 'none') return undefined;
  if (guarantee === 'exactly-once') {
    return refusal(source, 'exactly-once needs a job with a durable store, which is not there yet', NOT_YET);
  }
  if (!source.keepSession) {
    return refusal(source, 'at-least-once needs a session that the broker keeps while we are away', KEEP);
  }
  if (!isReliable(source)) {
    return refusal(source, 'at-least-once needs QoS 1 or 2: the broker never sends a QoS 0 message again', RAISE);
  }
  return undefined;
};

const NOT_YET = "Use processingGuarantee 'at-least-once'";
const KEEP = "Add .clientId('…').keepSession(), or use processingGuarantee 'none'";
const RAISE = "Subscribe at QoS 1 or 2, or use processingGuarantee 'none'";

const isReliable = ({ subscriptions }: Facts): boolean => subscriptions.some(({ qos }) => qos > 0);

const refusal = ({ name }: Facts, why: string, advice: string): MillraceError =>
  new MillraceError('GUARANTEE_UNSUPPORTED', `source "${name}": ${why}`, { advice, details: { source: name } });
