import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildOnce } from './build-once.js';
import { type Child, startChild } from './child-process.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const { main } = await buildOnce();

/** The user of the recipes. */
export const CONFINED_USER = 65_532;
/** Where the checkout is for a confined process. */
export const CONFINED_ROOT = '/mnt/millrace';

/** What a confined process may do beside reading. */
export interface Confinement {
  /** A directory, which is `/var/lib/millrace` there: the only place that it may write to. */
  readonly data: string;
  /** A directory, and where it is there, below `/run`. */
  readonly credentials: { readonly from: string; readonly at: string };
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Mounts of its own, in which all is read-only but one directory; then a user of its own without any capability, whom no program can give
 * more, no memory dumps, and files that are its own. The process stays the one that was started, so that signals reach it.
 */
const SCRIPT = `
set -e
node=$1 root=$2 data=$3 credentials=$4 at=$5
shift 5
findmnt -rno TARGET | while read -r target; do
  case "$target" in
    /proc*|/sys*|/dev*) ;;
    *) mount -o remount,bind,ro "$target" ;;
  esac
done
mount -t tmpfs -o mode=0755 none /mnt
mkdir /mnt/millrace /mnt/data /mnt/credentials
touch /mnt/node
mount --bind "$node" /mnt/node
mount --bind "$root" /mnt/millrace
mount --bind "$data" /mnt/data
mount --bind "$credentials" /mnt/credentials
mount -t tmpfs -o mode=0755 none /run
mount -t tmpfs -o mode=0755 none /var/lib
mkdir -p "$at" /var/lib/millrace
mount --bind /mnt/data /var/lib/millrace
mount -o remount,bind,rw /var/lib/millrace
mount --bind /mnt/credentials "$at"
umount /mnt/data /mnt/credentials
for target in /mnt /run /var/lib; do mount -o remount,bind,ro "$target"; done
umask 077
ulimit -c 0
exec setpriv --reuid ${CONFINED_USER} --regid ${CONFINED_USER} --clear-groups --no-new-privs --inh-caps -all --bounding-set -all \\
  --pdeathsig KILL /mnt/node "$@"
`;

/** Why nothing can be confined here; undefined where it can. */
export function confinementAbsence(): string | undefined {
  if (process.platform !== 'linux') return 'only Linux has mounts of a process';
  if (process.getuid?.() !== 0) return 'only root may make mounts and become another user';
  const missing = ['/usr/bin/unshare', '/usr/bin/setpriv', '/usr/bin/findmnt'].filter((path) => !existsSync(path));
  if (missing.length > 0) return `there is no ${missing.join(', ')} (util-linux)`;
  // in a container root may be root without that
  const { status, stderr } = spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt'], {
    encoding: 'utf8',
  });
  return status === 0 ? undefined : `no mounts may be made here: ${stderr.trim()}`;
}

/** Starts the `millrace` command as the recipes do: as another user, who may write to one directory. */
export function startConfinedCli(args: readonly string[], confinement: Confinement): Child {
  const { data, credentials, env } = confinement;
  const places = [process.execPath, ROOT, data, credentials.from, credentials.at];
  const command = [join(CONFINED_ROOT, main.slice(ROOT.length)), ...args];
  return startChild('unshare', ['--mount', 'sh', '-c', SCRIPT, 'confined', ...places, ...command], { env: env ?? {} });
}
