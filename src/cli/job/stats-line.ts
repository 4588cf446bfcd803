/** How a job stands at an instant; counts since it started. */
export interface StatsSample {
  /** Items that the job has taken from its sources. */
  readonly received: number;
  /** Items that the destinations have confirmed. */
  readonly delivered: number;
  /** Sent and not yet acknowledged by the receiving broker. */
  readonly inFlight: number;
  /** Received and not yet sent. */
  readonly buffered: number;
  /** Of all connections. */
  readonly reconnects: number;
  /** Stored and not known to be delivered, those in flight included; 0 without --dir. */
  readonly outbox: number;
  /** Stored and not delivered; 0 without a store. */
  readonly outboxBytes: number;
  /** To the store; 0 without one. */
  readonly commits: number;
  /** That they took in all. */
  readonly commitSeconds: number;
}

/** A sample with the rates since the one before. */
export interface Stats extends StatsSample {
  /** Since the last line. */
  readonly receivedPerSecond: number;
  /** Since the last line. */
  readonly deliveredPerSecond: number;
  /** Since the last line; 0 without a store. */
  readonly commitsPerSecond: number;
  /** Milliseconds that a commit took on average since the sample before; 0 when there was none. */
  readonly commitMs: number;
}

export function statsBetween(before: StatsSample, now: StatsSample, elapsedMs: number): Stats {
  // a route that a reload starts anew counts from 0
  const perSecond = (count: number) => (elapsedMs > 0 ? Math.max(0, Math.round((count * 1000) / elapsedMs)) : 0);
  return {
    ...now,
    receivedPerSecond: perSecond(now.received - before.received),
    deliveredPerSecond: perSecond(now.delivered - before.delivered),
    commitsPerSecond: perSecond(now.commits - before.commits),
    commitMs:
      now.commits > before.commits
        ? rounded(((now.commitSeconds - before.commitSeconds) * 1000) / (now.commits - before.commits))
        : 0,
  };
}

/** One line for people. */
export function formatStats(stats: Stats): string {
  return [
    `in ${grouped(stats.receivedPerSecond)}/s`,
    `out ${grouped(stats.deliveredPerSecond)}/s`,
    `in flight ${grouped(stats.inFlight)}`,
    `buffered ${grouped(stats.buffered)}`,
    ...(stats.commits > 0 || stats.outbox > 0
      ? [`outbox ${grouped(stats.outbox)}`, `commits ${grouped(stats.commitsPerSecond)}/s of ${stats.commitMs} ms`]
      : []),
    `reconnects ${grouped(stats.reconnects)}`,
    `total ${grouped(stats.delivered)}`,
  ].join('  ');
}

const rounded = (value: number): number => Math.round(value * 100) / 100;

function grouped(value: number): string {
  return value.toLocaleString('en-US');
}
