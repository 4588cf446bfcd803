/* A thread of `playInThreads`. TypeScript is loaded by hooks of each thread's own. */
import { parentPort, workerData } from 'node:worker_threads';
import { register } from 'tsx/esm/api';

register();
const { playSchedules } = await import('./play-schedules.ts');
parentPort.postMessage(await playSchedules(workerData.from, workerData.end));
