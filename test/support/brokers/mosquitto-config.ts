import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A further listener of a broker. */
export interface ListenerOptions {
  /** Default `mqtt`. */
  readonly protocol?: 'mqtt' | 'websockets';
  /** Configuration lines of this listener, e.g. `cafile …`. */
  readonly config?: readonly string[];
}

/** How a broker of a test is configured. */
export interface MosquittoConfig {
  /** Further lines, written last among the global ones. */
  readonly config?: readonly string[];
  /** Default false: an amnesic broker. True: sessions survive `stop`, and `saveThenKill`, not `kill`. */
  readonly persistence?: boolean;
  /** User names and passwords; with them anonymous clients are refused. */
  readonly users?: Readonly<Record<string, string>>;
  /** Lines of an ACL file. */
  readonly acl?: readonly string[];
}

/** Writes the configuration and the files it names into `dir`; returns its path. The first port is the plain MQTT listener. */
export function writeMosquittoConfig(
  dir: string,
  listeners: readonly (ListenerOptions & { readonly port: number })[],
  options: MosquittoConfig,
): string {
  const lines = [
    'per_listener_settings false',
    // As root mosquitto would otherwise become another user, who may not write here.
    ...(process.getuid?.() === 0 ? ['user root'] : []),
    'log_dest stderr',
    'log_type all',
    'log_timestamp false',
    'sys_interval 0',
    // With Nagle's algorithm, mosquitto's default, each window waits 40 ms for a delayed acknowledgement of TCP.
    'set_tcp_nodelay true',
    // Losses by the broker's own queue limit (1000) would be counted as ours.
    'max_queued_messages 0',
    ...(options.persistence === true ? ['persistence true', `persistence_location ${dir}/`] : ['persistence false']),
    ...(options.users === undefined
      ? ['allow_anonymous true']
      : ['allow_anonymous false', `password_file ${writePasswords(dir, options.users)}`]),
    ...(options.acl === undefined ? [] : [`acl_file ${writeLines(dir, 'acl', options.acl)}`]),
    ...(options.config ?? []),
    ...listeners.flatMap((listener) => [
      `listener ${listener.port} 127.0.0.1`,
      ...(listener.protocol === 'websockets' ? ['protocol websockets'] : []),
      ...(listener.config ?? []),
    ]),
  ];
  return writeLines(dir, 'mosquitto.conf', lines);
}

function writeLines(dir: string, name: string, lines: readonly string[]): string {
  const path = join(dir, name);
  writeFileSync(path, `${lines.join('\n')}\n`, { mode: 0o600 });
  return path;
}

function writePasswords(dir: string, users: Readonly<Record<string, string>>): string {
  const path = writeLines(
    dir,
    'passwords',
    Object.entries(users).map(([user, password]) => `${user}:${password}`),
  );
  execFileSync('mosquitto_passwd', ['-U', path]);
  return path;
}
