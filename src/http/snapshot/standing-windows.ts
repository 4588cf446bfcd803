import type { FiguresByPart, WindowFigures } from './part-figures.js';

/** A window, and whether it moves. */
export interface StandingWindow extends WindowFigures {
  /**
   * Milliseconds for which the broker, connected, has confirmed nothing of what is sent, as far as was looked; 0: it confirms, is away, or has
   * nothing to confirm.
   */
  readonly unconfirmedMs: number;
}

/** What a look has found, and since when it is so. */
interface Standing {
  readonly confirmed: number;
  readonly sinceMs: number;
}

/** Tells windows that move from those that stand. A broker that answers its pings and nothing else shows by nothing but that. */
export class StandingWindows {
  #standing: ReadonlyMap<string, Standing> = new Map();

  /** Of a job, by its sinks. Its own, for it is compared with what the look before has found. */
  look(windows: readonly WindowFigures[], sinks: FiguresByPart, nowMs: number): readonly StandingWindow[] {
    const standing = new Map<string, Standing>();
    const looked = windows.map((window) => {
      const figures = sinks[window.sink] ?? {};
      if (window.inFlight === 0 || figures.millrace_connected === 0) return { ...window, unconfirmedMs: 0 };
      const confirmed = (figures.millrace_sink_delivered_total ?? 0) + (figures.millrace_sink_refused_total ?? 0);
      const before = this.#standing.get(window.sink);
      const now = before?.confirmed === confirmed ? before : { confirmed, sinceMs: nowMs };
      standing.set(window.sink, now);
      return { ...window, unconfirmedMs: Math.round(nowMs - now.sinceMs) };
    });
    this.#standing = standing;
    return looked;
  }
}
