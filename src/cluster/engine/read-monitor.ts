import type { Finding } from './finding.js';

/** What a server says of itself, as far as it matters here. */
interface JetStreamReport {
  readonly config?: { readonly sync_interval?: number; readonly sync_always?: boolean };
}

const ANSWER_MS = 5_000;
const NS_PER_S = 1e9;
/** Nobody wants a longer one; `2m` without quotes is 2,000,000 seconds. */
const LONGEST_S = 3_600;

/** Reads at a server's monitoring port what it tells nobody else: when it flushes what it has acknowledged. */
export async function readMonitor(monitor: string): Promise<readonly Finding[]> {
  try {
    const url = new URL('/jsz', monitor);
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS), redirect: 'error' });
    const report: JetStreamReport = response.ok ? Object(await response.json()) : {};
    return [syncFinding(url.host, report)];
  } catch {
    return [unread(monitor)];
  }
}

function syncFinding(host: string, { config }: JetStreamReport): Finding {
  const check = 'sync-interval';
  if (config?.sync_always === true) return { check, verdict: 'fine', text: `${host}: sync_interval is "always"` };
  if (config?.sync_interval === undefined) return unread(host);
  const seconds = config.sync_interval / NS_PER_S;
  const text = `${host}: sync_interval is ${seconds} s`;
  if (seconds > LONGEST_S)
    return { check, verdict: 'problem', text, advice: 'Write it with quotes: without them 2m is 2,000,000 s.' };
  return {
    check,
    verdict: 'warning',
    text: `${text}: a power loss of all servers loses so much of what was acknowledged`,
    advice: 'Set sync_interval: "always", or have the servers where power is not lost together.',
  };
}

const unread = (where: string): Finding => ({
  check: 'sync-interval',
  verdict: 'unknown',
  text: `${where}: no report of JetStream could be read there`,
  advice: 'Is that the monitoring port (http: …) of a server with JetStream?',
});
