import type { Meeting, MeetingStream } from './meeting.js';

/** So much apart is nothing to speak of. */
const APART_MS = 30 * 60_000;
/** So often the streams are looked at. */
const LOOK_MS = 1000;
/** A stream that goes on has so long to come nearer. */
const PATIENCE_MS = 60_000;
/** One whose time goes on so much faster than the clock catches up, though another may do so faster. */
const CATCHES_UP = 1.5;

/** A stream that holds the time of others back. */
export interface StreamBehind extends Omit<MeetingStream, 'time'> {
  /** Its watermark; undefined: it has brought no item yet. */
  readonly watermarkMs: number | undefined;
  /** How far its watermark is behind that of the stream that is ahead; undefined as above. */
  readonly behindMs: number | undefined;
  /** That stream. */
  readonly ahead: Omit<MeetingStream, 'time'>;
  /** For how long it has been so far behind that it counts, by the clock of the machine. */
  readonly forMs: number;
}

/** What is known of a stream that is behind. */
interface Watched {
  readonly since: number;
  /** How far behind it was when it was last looked whether it comes nearer. */
  behindMs: number;
  watermark: number;
  lookedAt: number;
}

/** How far one stream is behind another. */
interface Gap {
  readonly stream: MeetingStream;
  readonly ahead: MeetingStream;
  readonly behindMs: number;
}

/** What the stages of the pipeline may take, which is no fault. */
export interface StreamsBehindOptions {
  readonly meetings: readonly Meeting[];
  /** The greatest of the pipeline. */
  readonly allowedLagMs: number;
  /** The longest of the pipeline that is finite. */
  readonly idleTimeoutMs: number;
}

/**
 * Finds the streams for which others wait in vain: one goes on, is behind by more than half an hour and what it may lag, and has come no
 * nearer in a minute and the time after which it would be idle. One that catches up comes nearer, or is faster than the clock where the others
 * catch up as well, and one that is silent becomes idle.
 *
 * HB1. Each stream is found the first time, when it has brought its first item since then, and each time that it is twice as far behind as
 *      when it was found last.
 */
export class StreamsBehind {
  readonly #meetings: readonly Meeting[];
  readonly #apartMs: number;
  readonly #patienceMs: number;
  readonly #watched = new Map<string, Watched>();
  /** How far behind the streams were when they were found. */
  readonly #told = new Map<string, number>();
  #nextLook = Number.NEGATIVE_INFINITY;

  constructor({ meetings, allowedLagMs, idleTimeoutMs }: StreamsBehindOptions) {
    this.#meetings = meetings;
    this.#apartMs = APART_MS + allowedLagMs;
    this.#patienceMs = PATIENCE_MS + idleTimeoutMs;
  }

  /** @param now that of the machine, never less than before */
  look(now: number): readonly StreamBehind[] {
    if (now < this.#nextLook) return [];
    this.#nextLook = now + LOOK_MS;
    const gaps = new Map<string, Gap>();
    for (const gap of this.#meetings.flatMap((meeting) => gapsOf(meeting, this.#apartMs))) {
      const name = nameOf(gap.stream);
      if (gap.behindMs > (gaps.get(name)?.behindMs ?? 0)) gaps.set(name, gap);
    }
    for (const name of this.#watched.keys()) if (!gaps.has(name)) this.#watched.delete(name);
    return [...gaps].flatMap(([name, gap]) => this.#examine(name, gap, now) ?? []);
  }

  #examine(name: string, { stream, ahead, behindMs }: Gap, now: number): StreamBehind | undefined {
    const { watermark } = stream.time;
    const watched = this.#watched.get(name);
    if (watched === undefined) {
      this.#watched.set(name, { since: now, behindMs, watermark, lookedAt: now });
      return undefined;
    }
    const passed = now - watched.lookedAt;
    if (passed < this.#patienceMs) return undefined;
    const isNearer = behindMs < watched.behindMs || watermark - watched.watermark > CATCHES_UP * passed;
    Object.assign(watched, { behindMs, watermark, lookedAt: now });
    const isKnown = Number.isFinite(behindMs);
    const told = this.#told.get(name) ?? 0;
    if (isNearer || (Number.isFinite(told) ? behindMs < 2 * told : !isKnown)) return undefined;
    this.#told.set(name, behindMs);
    return {
      ...placeOf(stream),
      watermarkMs: isKnown ? watermark : undefined,
      behindMs: isKnown ? behindMs : undefined,
      ahead: placeOf(ahead),
      forMs: now - watched.since,
    };
  }
}

/**
 * Of the streams of a meeting that go on: those that do not hold nobody back. What has come of one that is idle now waits for them as well:
 * one whose items are further apart than its `idleTimeoutMs` is idle most of the time.
 */
const gapsOf = (meeting: Meeting, apartMs: number): readonly Gap[] => {
  const [first, ...others] = meeting;
  if (first === undefined || others.length === 0) return [];
  const ahead = others.reduce((most, one) => (one.time.watermark > most.time.watermark ? one : most), first);
  const latest = ahead.time.watermark;
  if (latest === Number.NEGATIVE_INFINITY) return [];
  return meeting
    .filter(({ time }) => time.pace === 'going' && latest - time.watermark > apartMs)
    .map((stream) => ({ stream, ahead, behindMs: latest - stream.time.watermark }));
};

const placeOf = ({ stage, from }: MeetingStream): Omit<MeetingStream, 'time'> => ({
  stage,
  ...(from !== undefined && { from }),
});

const nameOf = (stream: MeetingStream): string => JSON.stringify(placeOf(stream));
