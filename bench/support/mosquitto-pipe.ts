import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { ContenderTask } from './contender.js';
import type { Measured } from './run-contender.js';

/** `mosquitto_sub | mosquitto_pub`: all topics become one, and what is in the pipe at a crash is lost. The CPU is that of both. */
export async function runMosquittoPipe(task: ContenderTask): Promise<Measured> {
  const from = new URL(task.url).port;
  const to = new URL(task.toUrl).port;
  const receiveMaximum = `-D connect receive-maximum ${task.window}`;
  const sub = `mosquitto_sub -V 5 -p ${from} -c -x 3600 -i ${task.clientId} -q 1 -t 'bench/#' -C ${task.messages} ${receiveMaximum}`;
  const pub = `mosquitto_pub -V 5 -p ${to} -q 1 -t bench/bridged -l`;
  const startedAt = performance.now();
  const { stderr } = await promisify(execFile)('bash', ['-c', `TIMEFORMAT='%U %S'; time (${sub} | ${pub})`]);
  const wallMs = performance.now() - startedAt;
  const [user = 0, system = 0] = (stderr.trim().split('\n').at(-1) ?? '').split(' ').map(Number);
  return { messages: task.messages, wallMs, cpuMicros: (user + system) * 1e6, maxRssBytes: 0 };
}
