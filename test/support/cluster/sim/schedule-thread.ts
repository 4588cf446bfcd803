/** A thread of `playInThreads`. */
import { parentPort, workerData } from 'node:worker_threads';
import { playSchedules } from './play-schedules.js';

const { from, end } = workerData as { readonly from: number; readonly end: number };
parentPort?.postMessage(await playSchedules(from, end));
