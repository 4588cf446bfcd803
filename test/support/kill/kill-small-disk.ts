import { spawnSync } from 'node:child_process';
import { onCleanup } from '../cleanup.js';
import { tempDir } from '../temp-dir.js';

/** A file system of its own in memory that has so many bytes; with `mounted`, that one gets another size. */
export function smallDisk(bytes: number, mounted?: string): string {
  const dir = mounted ?? tempDir('small-disk');
  const options = `size=${bytes}${mounted === undefined ? '' : ',remount'}`;
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', dir], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`mount: ${stderr}`);
  const unmount = () => void spawnSync('umount', ['-l', dir]);
  if (mounted === undefined) onCleanup(unmount, unmount);
  return dir;
}

/** Why there can be none here; undefined when there can. */
export function smallDiskProblem(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'a small disk needs root on Linux';
  const dir = tempDir('mount-try');
  if (spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', dir]).status !== 0) return 'nothing may be mounted here';
  spawnSync('umount', [dir]);
  return undefined;
}
