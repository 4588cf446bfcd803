import { MillraceError } from '../../../errors/millrace-error.js';
import type { ServerLimits } from '../../protocol/session/session-event.js';
import type { MqttConnectionOptions } from '../options/mqtt-connection-options.js';

/** What the guarantee needs of the broker. */
export type NeededOfBroker = Pick<MqttConnectionOptions, 'requireQos2' | 'requireKeptSession'>;

/**
 * GUARANTEE_UNSUPPORTED for a broker that says in its CONNACK that it cannot do what the guarantee needs; undefined for any other.
 * Below 5.0 a broker says neither.
 */
export function checkGuarantee(needed: NeededOfBroker, limits: ServerLimits): MillraceError | undefined {
  if (needed.requireQos2 && limits.maximumQoS < 2) return refuseQos(limits.maximumQoS);
  if (needed.requireKeptSession && limits.sessionExpiryInterval === 0) return refuseExpiry();
  return undefined;
}

/** The error is from `checkGuarantee`. What a broker says in one CONNACK it may take back in the next; other reasons of that code stay. */
export const isBelowGuarantee = ({ code, details }: MillraceError): boolean =>
  code === 'GUARANTEE_UNSUPPORTED' && ('maximumQoS' in details || 'sessionExpiryInterval' in details);

/** [MQTT-3.2.2-9] */
const refuseQos = (maximumQoS: number): MillraceError =>
  new MillraceError(
    'GUARANTEE_UNSUPPORTED',
    `the broker takes QoS ${maximumQoS} at most, and exactly-once needs QoS 2`,
    {
      advice:
        "Use a broker that does QoS 2, or processingGuarantee 'at-least-once'; a source can also deduplicate QoS 1 by deduplicateBy(fn).",
      details: { maximumQoS },
    },
  );

/** [MQTT-3.1.2-23]: a session with expiry 0 ends with its connection, so that each cut would lose it. */
const refuseExpiry = (): MillraceError =>
  new MillraceError(
    'GUARANTEE_UNSUPPORTED',
    'the broker ends the session with each connection (Session Expiry Interval 0), and exactly-once needs one that outlives it',
    {
      advice:
        "Let the broker keep sessions (its longest session expiry), use another broker, or processingGuarantee 'at-least-once'.",
      details: { sessionExpiryInterval: 0 },
    },
  );
