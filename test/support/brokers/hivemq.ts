import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tempDir } from '../temp-dir.js';
import { checkBrokerHere } from './check-brokers-here.js';
import { type StartedBroker, startBroker } from './started-broker.js';

const MAIN = fileURLToPath(new URL('hivemq/HiveMq.java', import.meta.url));
/** A small one that starts soon. */
const JVM = ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

const configOf = (port: number): string => `<?xml version="1.0"?>
<hivemq>
  <listeners>
    <tcp-listener><port>${port}</port><bind-address>127.0.0.1</bind-address></tcp-listener>
  </listeners>
  <anonymous-usage-statistics><enabled>false</enabled></anonymous-usage-statistics>
</hivemq>
`;

/** HiveMQ CE as it comes. */
export function startHiveMq(): Promise<StartedBroker> {
  const jars = join(checkBrokerHere('hivemq'), '*');
  return startBroker('HiveMQ', (port) => {
    const home = tempDir('hivemq');
    for (const folder of ['data', 'extensions']) mkdirSync(join(home, folder));
    writeFileSync(join(home, 'config.xml'), configOf(port));
    return { command: 'java', args: [...JVM, '-cp', jars, MAIN, home] };
  });
}
