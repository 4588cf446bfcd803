import { MillraceError } from '../../../errors/millrace-error.js';
import { publishDiagnostic } from '../../../metrics/diagnostics.js';
import type { MqttConnectionOptions } from '../options/mqtt-connection-options.js';
import type { GrantedSubscription } from '../subscriptions/wanted-subscription.js';

/** A granted QoS below what was asked for is told; it throws GRANTED_QOS_TOO_LOW where the guarantee needs more. */
export function checkGrantedQos(
  { filter, requested, granted }: GrantedSubscription,
  options: MqttConnectionOptions,
): void {
  if (granted >= requested) return;
  publishDiagnostic('granted-qos', { name: options.name, filter, requested, granted });
  if (!options.refuseLowerQos && !(options.refuseQos0 === true && granted === 0)) return;
  const text = `the broker grants "${filter}" QoS ${granted} instead of ${requested}`;
  throw new MillraceError('GRANTED_QOS_TOO_LOW', text, {
    advice: options.refuseLowerQos
      ? 'Ask for the lower QoS and a guarantee that it can carry, or use a broker that does this QoS.'
      : "At-least-once needs QoS 1: use a broker that grants it, or processingGuarantee 'none'.",
    details: { filter, requested, granted },
  });
}
