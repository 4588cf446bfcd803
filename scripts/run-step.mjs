/* Runs a command of a check: quiet when it succeeds, its whole output and an error when it does not. */
import { spawnSync } from 'node:child_process';

export function runStep(command, args, options = {}) {
  const { timeoutMs = 120_000, ...spawnOptions } = options;
  const result = spawnSync(command, args, {
    encoding: 'utf8',
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    ...spawnOptions,
  });
  if (result.status === 0) return result.stdout;
  const why = result.error?.message ?? `exit ${result.status ?? result.signal}`;
  throw new Error(`${command} ${args.join(' ')}: ${why}\n${result.stdout ?? ''}${result.stderr ?? ''}`);
}
