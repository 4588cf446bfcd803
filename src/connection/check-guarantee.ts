import { MillraceError } from '../errors/millrace-error.js';
import type { ServerLimits } from '../protocol/session/session-event.js';

/** GUARANTEE_UNSUPPORTED for a broker that takes no QoS 2 [MQTT-3.2.2-9], where the guarantee needs it; undefined for any other. */
export function checkGuarantee(requireQos2: boolean, { maximumQoS }: ServerLimits): MillraceError | undefined {
  if (!requireQos2 || maximumQoS === 2) return undefined;
  return new MillraceError(
    'GUARANTEE_UNSUPPORTED',
    `the broker takes QoS ${maximumQoS} at most, and exactly-once needs QoS 2`,
    {
      advice:
        "Use a broker that does QoS 2, or processingGuarantee 'at-least-once'; a source can also deduplicate QoS 1 by deduplicateBy(fn).",
      details: { maximumQoS },
    },
  );
}
