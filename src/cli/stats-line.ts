/** How a job stands at an instant; counts since it started. */
export interface StatsSample {
  readonly received: number;
  readonly delivered: number;
  /** Sent and not yet acknowledged by the receiving broker. */
  readonly inFlight: number;
  /** Received and not yet sent. */
  readonly buffered: number;
  readonly reconnects: number;
}

/** A sample with the rates since the one before. */
export interface Stats extends StatsSample {
  readonly receivedPerSecond: number;
  readonly deliveredPerSecond: number;
}

export function statsBetween(before: StatsSample, now: StatsSample, elapsedMs: number): Stats {
  const perSecond = (count: number) => (elapsedMs > 0 ? Math.round((count * 1000) / elapsedMs) : 0);
  return {
    ...now,
    receivedPerSecond: perSecond(now.received - before.received),
    deliveredPerSecond: perSecond(now.delivered - before.delivered),
  };
}

/** One line for people. */
export function formatStats(stats: Stats): string {
  return [
    `in ${grouped(stats.receivedPerSecond)}/s`,
    `out ${grouped(stats.deliveredPerSecond)}/s`,
    `in flight ${grouped(stats.inFlight)}`,
    `buffered ${grouped(stats.buffered)}`,
    `reconnects ${grouped(stats.reconnects)}`,
    `total ${grouped(stats.delivered)}`,
  ].join('  ');
}

function grouped(value: number): string {
  return value.toLocaleString('en-US');
}
