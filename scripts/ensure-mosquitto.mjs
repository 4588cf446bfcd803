/*
 * node scripts/ensure-mosquitto.mjs [COMMAND…]
 *
 * The tests run against a real broker and a real database. This makes sure that they are there: silent when they are, installs them as root
 * on a Debian-like system, and otherwise ends with the one command to run. Without a database its tests say so and are skipped. Where
 * commands are named, it looks after these alone.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { canInstall, install, isInstalled } from './system-packages.mjs';

const NEEDED = {
  mosquitto: 'mosquitto',
  mosquitto_passwd: 'mosquitto',
  mosquitto_pub: 'mosquitto-clients',
  mosquitto_sub: 'mosquitto-clients',
  openssl: 'openssl',
  // Kills and disk errors at a chosen system call: only Linux has it.
  ...(process.platform === 'linux' ? { strace: 'strace' } : {}),
};
const named = process.argv.slice(2);
/** What a broker's plugin is compiled from. Where root cannot install it with apt-get, the tests that need it say so and are skipped. */
const HEADERS = {
  '/usr/include/gsasl.h': 'libgsasl-dev',
  '/usr/include/mosquitto.h': 'libmosquitto-dev',
  '/usr/include/mosquitto_plugin.h': 'mosquitto-dev',
};

function missingCommands() {
  const wanted = named.length === 0 ? Object.keys(NEEDED) : named;
  return wanted.filter((command) => !isInstalled(command));
}

function commandToRun(packages) {
  if (process.platform === 'darwin') return 'brew install mosquitto openssl';
  if (existsSync('/usr/bin/apt-get')) return `sudo apt-get install -y ${packages.join(' ')}`;
  if (existsSync('/usr/bin/dnf')) return 'sudo dnf install -y mosquitto openssl strace';
  if (existsSync('/sbin/apk')) return 'sudo apk add mosquitto mosquitto-clients openssl strace';
  return `install ${packages.join(', ')} with the package manager of this system`;
}

/** Packages of what can be compiled here once they are there. */
function missingHeaders() {
  if (!isInstalled('gcc')) return [];
  return Object.keys(HEADERS)
    .filter((file) => !existsSync(file))
    .map((file) => HEADERS[file]);
}

/** Debian has the programs of a server in a folder of its version. */
function missingDatabase() {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root) : [];
  const isThere = isInstalled('initdb') || versions.some((version) => existsSync(join(root, version, 'bin/initdb')));
  return isThere ? [] : ['postgresql'];
}

/** What judges the recipe of a service; without it that check says so and is left out. */
function missingJudge() {
  return isInstalled('systemd-analyze') ? [] : ['systemd'];
}

const missing = missingCommands();
if (missing.length > 0) {
  const packages = [...new Set(missing.map((command) => NEEDED[command]))];
  if (!canInstall) {
    console.error(`This needs ${missing.join(', ')}. Run:\n\n  ${commandToRun(packages)}\n`);
    process.exit(1);
  }
  const installed = install(packages);
  const still = missingCommands();
  if (!installed || still.length > 0) {
    console.error(`apt-get could not install ${still.join(', ')}. Run:\n\n  ${commandToRun(packages)}\n`);
    process.exit(1);
  }
}
const optional = canInstall && named.length === 0 ? [...missingHeaders(), ...missingDatabase(), ...missingJudge()] : [];
if (optional.length > 0) install(optional);
