import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mosquittoCommand, takesConnections } from '../../test/support/brokers/mosquitto.js';
import { startChild } from '../../test/support/child-process.js';
import { freePort } from '../../test/support/free-port.js';
import { tempDir } from '../../test/support/temp-dir.js';
import { until } from '../../test/support/until.js';

/** A quiet broker: it logs nothing, since a log line for each packet would be the most costly part of a run. */
export interface BenchMosquitto {
  readonly port: number;
  readonly url: string;
  stop(): Promise<void>;
}

/** `maxInflight` as in mosquitto's `max_inflight_messages`: 20 is its stock value, 0 unlimited. */
export async function startBenchMosquitto(maxInflight: number, port?: number): Promise<BenchMosquitto> {
  const chosen = port ?? (await freePort());
  const file = join(tempDir('bench-mosquitto'), 'mosquitto.conf');
  const lines = [
    ...(process.getuid?.() === 0 ? ['user root'] : []),
    'log_type none',
    'persistence false',
    'sys_interval 0',
    'allow_anonymous true',
    'max_queued_messages 0',
    // without it each answer waits until TCP has acknowledged the one before
    'set_tcp_nodelay true',
    `max_inflight_messages ${maxInflight}`,
    `listener ${chosen} 127.0.0.1`,
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  const child = startChild(mosquittoCommand(), ['-c', file], { keepLines: false });
  await until(() => !child.running || takesConnections(chosen), { what: 'mosquitto to listen' });
  if (!child.running) throw new Error('mosquitto did not start');
  return { port: chosen, url: `mqtt://127.0.0.1:${chosen}`, stop: async () => void (await child.end()) };
}
