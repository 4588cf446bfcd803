import { join } from 'node:path';
import { tempDir } from '../temp-dir.js';
import { checkBrokerHere } from './check-brokers-here.js';
import { type StartedBroker, startBroker } from './started-broker.js';

/** Mochi, with what it keeps in a file. */
export function startMochi(): Promise<StartedBroker> {
  return startBroker('Mochi', (port) => ({
    command: checkBrokerHere('mochi'),
    args: [`127.0.0.1:${port}`, join(tempDir('mochi'), 'mochi.db')],
  }));
}
