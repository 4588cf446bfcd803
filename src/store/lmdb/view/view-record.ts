import { isLogPoint, type LogPoint } from '../../log/record/log-point.js';

const VIEW_FORMAT = 1;

/** What a view says of itself. */
export interface ViewRecord {
  /** That of the log it is made from. */
  readonly identity: string;
  readonly applied: LogPoint;
  /** As in `LocalView`. */
  readonly reached: LogPoint;
}

export const encodeView = ({ identity, applied, reached }: ViewRecord): Uint8Array =>
  Buffer.from(JSON.stringify({ millraceView: VIEW_FORMAT, identity, applied, reached }));

/** Undefined for one that is not ours, or of another form: it is made again. */
export function decodeView(record: Uint8Array | undefined): ViewRecord | undefined {
  try {
    const { millraceView, identity, applied, reached } = Object(JSON.parse(Buffer.from(record ?? []).toString()));
    if (millraceView !== VIEW_FORMAT || typeof identity !== 'string') return undefined;
    return isLogPoint(applied) && isLogPoint(reached) ? { identity, applied, reached } : undefined;
  } catch {
    return undefined;
  }
}
