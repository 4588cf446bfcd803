/* A thread of `playInThreads`, told where that is. TypeScript, unless it is compiled, is loaded by hooks of each thread's own. */
import { parentPort, workerData } from 'node:worker_threads';

if (process.env.MILLRACE_COMPILED === undefined) (await import('tsx/esm/api')).register();
const { playSchedules } = await import(workerData.program);
parentPort.postMessage(await playSchedules(workerData.from, workerData.end));
