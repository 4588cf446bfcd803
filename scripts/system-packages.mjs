/* Packages of the system that the tests need: what is there, and what root may install on a Debian-like system. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

// Debian installs daemons where only root's PATH looks.
const FOLDERS = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/opt/homebrew/sbin'];
const POLICY = '/usr/sbin/policy-rc.d';

export const canInstall = process.platform === 'linux' && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');

export function isInstalled(command) {
  return FOLDERS.some((folder) => folder !== '' && isExecutable(join(folder, command)));
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** @returns whether apt-get says that they are there */
export function install(packages) {
  console.error(`Installing ${packages.join(' ')} with apt-get (no service is started).`);
  return withoutStartingServices(() => aptGet('update') && aptGet('install', '--no-install-recommends', ...packages));
}

function aptGet(...args) {
  const result = spawnSync('apt-get', ['-q', '-y', ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  return result.status === 0;
}

/** Debian starts a service when its package is installed, unless /usr/sbin/policy-rc.d forbids it (exit 101). */
function withoutStartingServices(installed) {
  const ours = !existsSync(POLICY);
  if (ours) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    return installed();
  } finally {
    if (ours) rmSync(POLICY, { force: true });
  }
}
