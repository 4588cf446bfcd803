import { spawn } from 'node:child_process';
import { MillraceError } from '../../../errors/index.js';
import { abortableWait } from '../../../internal/waiting/abortable-wait.js';
import { Lab, type LabParts } from '../wire/lab.js';

const BETWEEN_TRIES_MS = 500;

/** Runs the command, and waits until the broker takes a connection. @throws MillraceError where it does not, or the command fails */
export async function restartBroker(command: string, parts: LabParts, withinMs: number): Promise<void> {
  await runCommand(command, parts.signal);
  const until = performance.now() + withinMs;
  for (;;) {
    const lab = new Lab(parts);
    try {
      await lab.open('visitor');
      return;
    } catch (error) {
      parts.signal.throwIfAborted();
      if (performance.now() > until) throw error;
      await abortableWait(BETWEEN_TRIES_MS, parts.signal);
    } finally {
      lab.close();
    }
  }
}

/** What it says goes to stderr: stdout is for the findings. */
function runCommand(command: string, signal: AbortSignal): Promise<void> {
  const child = spawn(command, { shell: true, stdio: ['ignore', 2, 2], signal });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, by) => {
      if (code === 0) resolve();
      else reject(new MillraceError('UNSUPPORTED', `the restart command ended with ${code ?? by}`));
    });
  });
}
