import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { mosquittoCommand } from '../../test/support/brokers/mosquitto.js';

/** One line about where figures come from. */
export function machineLine(): string {
  const processors = cpus();
  const day = new Date().toISOString().slice(0, 10);
  return `${day}, Node ${process.versions.node}, ${processors.length} × ${processors[0]?.model.trim() ?? 'unknown CPU'}, ${mosquittoVersion()}.`;
}

function mosquittoVersion(): string {
  try {
    return execFileSync(mosquittoCommand(), ['-h'], { encoding: 'utf8' }).split('\n')[0] ?? 'mosquitto';
  } catch (error) {
    // `mosquitto -h` exits with 3 on some versions, after it has printed what is wanted.
    const text = error instanceof Error && 'stdout' in error ? String(error.stdout) : '';
    return text.split('\n')[0] || 'mosquitto';
  }
}
