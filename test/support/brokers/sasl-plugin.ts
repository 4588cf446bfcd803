import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tempDir } from '../temp-dir.js';

const SOURCE = fileURLToPath(new URL('plugins/sasl.c', import.meta.url));
const HEADERS = ['gsasl.h', 'mosquitto_plugin.h', 'mosquitto.h'];

/** Why the plugin cannot be compiled here; undefined where it can. */
export function saslPluginMissing(): string | undefined {
  if (spawnSync('gcc', ['--version']).status !== 0) return 'there is no gcc';
  const missing = HEADERS.find((header) => !existsSync(join('/usr/include', header)));
  if (missing === undefined) return undefined;
  return `there is no ${missing}: apt-get install gcc libgsasl-dev libmosquitto-dev mosquitto-dev`;
}

/** Compiles it; gives the lines of the broker's configuration. */
export function saslPluginConfig(username: string, password: string): readonly string[] {
  const library = join(tempDir('sasl'), 'sasl.so');
  execFileSync('gcc', ['-shared', '-fPIC', '-O1', '-o', library, SOURCE, '-lgsasl']);
  return [`plugin ${library}`, `plugin_opt_username ${username}`, `plugin_opt_password ${password}`];
}
