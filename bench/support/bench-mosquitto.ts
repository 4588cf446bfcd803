import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mosquittoCommand, takesConnections } from '../../test/support/brokers/mosquitto.js';
import { startChild } from '../../test/support/child-process.js';
import { freePort } from '../../test/support/free-port.js';
import { tempDir } from '../../test/support/temp-dir.js';
import { until } from '../../test/support/until.js';

/** A quiet broker: it logs nothing, since a log line for each packet would be the most costly part of a run. */
export interface BenchMosquitto {
  readonly pid: number;
  readonly port: number;
  readonly url: string;
  /** Connections stay and connects succeed, but nothing is answered. */
  suspend(): void;
  resume(): void;
  stop(): Promise<void>;
}

/** What only some have. */
export interface BenchMosquittoOptions {
  /** Default false. True: it says each second how much it has received (`$SYS`). */
  readonly counts?: boolean;
  /** Further lines of its configuration. */
  readonly more?: readonly string[];
}

/** `maxInflight` as in mosquitto's `max_inflight_messages`: 20 is its stock value, 0 unlimited. */
export async function startBenchMosquitto(
  maxInflight: number,
  { counts = false, more = [] }: BenchMosquittoOptions = {},
): Promise<BenchMosquitto> {
  const port = await freePort();
  const file = join(tempDir('bench-mosquitto'), 'mosquitto.conf');
  const lines = [
    ...(process.getuid?.() === 0 ? ['user root'] : []),
    'log_type none',
    'persistence false',
    `sys_interval ${counts ? 1 : 0}`,
    'allow_anonymous true',
    'max_queued_messages 0',
    // without it each answer waits until TCP has acknowledged the one before
    'set_tcp_nodelay true',
    `max_inflight_messages ${maxInflight}`,
    `listener ${port} 127.0.0.1`,
    ...more,
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  const child = startChild(mosquittoCommand(), ['-c', file], { keepLines: false });
  await until(() => !child.running || takesConnections(port), { what: 'mosquitto to listen' });
  if (!child.running) throw new Error('mosquitto did not start');
  return {
    pid: child.pid,
    port,
    url: `mqtt://127.0.0.1:${port}`,
    suspend: () => child.signal('SIGSTOP'),
    resume: () => child.signal('SIGCONT'),
    stop: async () => void (await child.end()),
  };
}
