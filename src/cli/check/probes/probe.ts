import type { ProtocolVersion } from '../../../mqtt/protocol/protocol-version.js';
import type { CheckName, Judged } from '../verdict/finding.js';
import { judgeRetained, judgeShared } from '../verdict/judge-basics.js';
import { judgeInbound } from '../verdict/judge-inbound.js';
import { judgeExpiry, judgeOverlap, judgeQueue, judgeTakeover, judgeWindow } from '../verdict/judge-kept.js';
import { judgeHeld, judgeOutbound } from '../verdict/judge-outbound.js';
import { judgePacketIds } from '../verdict/judge-packet-ids.js';
import type { Trace } from '../verdict/trace.js';
import type { Lab } from '../wire/lab.js';
import { readRetained, readShared } from './basic-probes.js';
import { takeTheirId } from './packet-id-probe.js';
import { cutWhileReading, readByTwoFilters, readByWindow } from './read-probes.js';
import { outliveExpiry, readWhatWaited, takeOver } from './session-probes.js';
import { cutWhileHeld, cutWhileWriting } from './write-probes.js';

/** What is done to a broker, and what the trace of it means. */
export interface Probe {
  /** What is unknown where it cannot be made. */
  readonly check: CheckName;
  /** It needs QoS 2 of the broker. */
  readonly needsQos2?: true;
  /** It needs MQTT 5.0. */
  readonly needs5?: true;
  run(lab: Lab): Promise<void>;
  judge(trace: Trace, of: { readonly highest: 1 | 2; readonly version: ProtocolVersion }): readonly Judged[];
}

const WINDOW = 2;
const WINDOW_MESSAGES = 5;

/** Of every check. */
export const BASIC_PROBES: readonly Probe[] = [
  { check: 'retained', run: readRetained, judge: judgeRetained },
  { check: 'shared', run: readShared, judge: (trace, { version }) => judgeShared(trace, version) },
];

/** Of `--deep`. */
export const DEEP_PROBES: readonly Probe[] = [
  { check: 'queue', run: readWhatWaited, judge: (trace, { highest }) => judgeQueue(trace, highest) },
  { check: 'again', run: (lab) => cutWhileReading(lab, 1), judge: (trace) => judgeInbound(trace, 1) },
  { check: 'again', needsQos2: true, run: (lab) => cutWhileReading(lab, 2), judge: (trace) => judgeInbound(trace, 2) },
  { check: 'packet-ids', run: takeTheirId, judge: judgePacketIds },
  { check: 'publisher-session', run: cutWhileHeld, judge: judgeHeld },
  { check: 'resend', needsQos2: true, run: cutWhileWriting, judge: judgeOutbound },
  { check: 'takeover', run: takeOver, judge: judgeTakeover },
  { check: 'overlap', run: readByTwoFilters, judge: judgeOverlap },
  { check: 'expiry', needs5: true, run: outliveExpiry, judge: judgeExpiry },
  {
    check: 'window',
    needs5: true,
    run: (lab) => readByWindow(lab, WINDOW, WINDOW_MESSAGES),
    judge: (trace) => judgeWindow(trace, WINDOW, WINDOW_MESSAGES),
  },
];
