import type { ProtocolVersion } from '../../../mqtt/protocol/protocol-version.js';

/** What was looked at: for machines, and closed. */
export type CheckName =
  | 'connect'
  | 'qos'
  | 'limits'
  | 'retained'
  | 'shared'
  | 'expiry'
  | 'session'
  | 'publisher-session'
  | 'queue'
  | 'order'
  | 'again'
  | 'release'
  | 'finished'
  | 'packet-ids'
  | 'resend'
  | 'window'
  | 'overlap'
  | 'takeover'
  | 'restart';

/** `problem`: a guarantee of Millrace breaks with this broker, or it cannot be used; `unknown`: it could not be found out. */
export type Level = 'ok' | 'warning' | 'problem' | 'unknown';

/** What a trace, or an answer, shows. */
export interface Judged {
  readonly level: Level;
  readonly check: CheckName;
  /** A sentence without its point. */
  readonly message: string;
  /** What it means for who uses Millrace: a sentence without its point. Absent: nothing to do. */
  readonly follows?: string;
}

/** The same, of a version of MQTT. */
export interface CheckFinding extends Judged {
  readonly version: ProtocolVersion;
}
