import type { ProcessingGuarantee } from '../../connector/processing-guarantee.js';
import { MillraceError } from '../../errors/millrace-error.js';
import type { ResolvedSink } from './options/resolve-sink.js';

type Facts = Pick<ResolvedSink<never>, 'name' | 'qos' | 'limits' | 'allowLowerQos'> & {
  readonly clients: Pick<ResolvedSink<never>['clients'], 'named' | 'keepingProblems'>;
};

/** Why a writer without a store cannot be made for an exactly-once job; undefined for any other. */
export const refuseWithoutStore = (name: string, guarantee: ProcessingGuarantee): MillraceError | undefined =>
  guarantee === 'exactly-once'
    ? refusal(name, 'exactly-once needs a job with a store', 'Use Engine.embedded({ dir }), or at-least-once.')
    : undefined;

/**
 * Why an MQTT sink cannot give this guarantee, with the ways out; undefined when it can. A message that asks for QoS 0
 * itself is let through under at-least-once: it is done when written, and counted apart (R16).
 */
export const refuseGuarantee = (facts: Facts, guarantee: ProcessingGuarantee): MillraceError | undefined => {
  if (guarantee === 'none') return undefined;
  const { offlineOverflow } = facts.limits(guarantee);
  if (offlineOverflow !== 'pause') {
    const why = `${guarantee} cannot be given with offlineOverflow "${offlineOverflow}", which drops messages`;
    return refusal(facts.name, why, "Use offlineOverflow 'pause', or processingGuarantee 'none'.");
  }
  return guarantee === 'exactly-once' ? refuseExactlyOnce(facts) : refuseAtLeastOnce(facts);
};

const refuseAtLeastOnce = ({ name, qos }: Facts): MillraceError | undefined =>
  qos('at-least-once') === 0
    ? refusal(
        name,
        'at-least-once needs QoS 1 or 2: nothing confirms a QoS 0 message',
        "Use qualityOfService 1 or 2, or processingGuarantee 'none'.",
      )
    : undefined;

const refuseExactlyOnce = ({ name, qos, allowLowerQos, clients }: Facts): MillraceError | undefined => {
  if (!clients.named) {
    const why = 'exactly-once needs a client id, by which the broker finds the session and the store the outbox';
    return refusal(name, why, "Give it one by clientId(), or use processingGuarantee 'at-least-once'.");
  }
  if (qos('exactly-once') < 2 && !allowLowerQos) {
    const why = `exactly-once needs QoS 2, not qualityOfService ${qos('exactly-once')}`;
    const advice =
      "Use qualityOfService 2, or allowLowerQos() if such messages may be lost or come twice, or processingGuarantee 'at-least-once'.";
    return refusal(name, why, advice);
  }
  const [problem] = clients.keepingProblems;
  if (problem === undefined) return undefined;
  const why = `exactly-once needs a session that the broker keeps: ${problem}`;
  return refusal(name, why, "Let the session be kept, or use processingGuarantee 'at-least-once'.");
};

const refusal = (name: string, why: string, advice: string): MillraceError =>
  new MillraceError('GUARANTEE_UNSUPPORTED', `sink "${name}": ${why}`, { advice, details: { sink: name } });
