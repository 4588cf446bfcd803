import { parseHost } from '../../http/policy/known-hosts.js';
import type { ServeOptions } from '../../http/serve-options.js';
import type { CommandOptions } from '../command.js';
import type { CollectedOptions } from '../options/collect-options.js';
import { readFileOption } from '../options/read-file-option.js';
import { usageError } from '../options/usage-error.js';
import { readToken, TOKEN_VARIABLE } from './read-token.js';

/** What every command that runs a job takes for telling of it over HTTP. */
export const HTTP_FLAGS = {
  http: {
    kind: 'value',
    argument: '[HOST:]PORT',
    help: `Show over HTTP how the job stands: a page at /, and /live, /ready, /metrics, /api/jobs, /api/events, /api/dead-letters; at
127.0.0.1 unless HOST is given, which needs a token where others reach it; unix:PATH is a Unix socket`,
  },
  'http-host': {
    kind: 'list',
    argument: 'NAME...',
    help: 'Further names that it may be asked under, those of a proxy or a service',
  },
  'http-token-env': { kind: 'value', argument: 'V' },
  'http-token-file': {
    kind: 'value',
    argument: 'F',
    help: `Its token is in the environment variable V (default ${TOKEN_VARIABLE}), or in the file F, which others cannot read`,
  },
  'http-cert': { kind: 'value', argument: 'F' },
  'http-key': { kind: 'value', argument: 'F', help: 'PEM files, for TLS' },
  'allow-control': {
    kind: 'flag',
    help: 'Who has the token may suspend, resume, drain and restart the job, and export its state; otherwise it is read-only',
  },
} as const satisfies CommandOptions;

/** Undefined where none is asked for. Throws INVALID_OPTIONS, without the token. */
export function parseHttpFlags(options: CollectedOptions, environment: NodeJS.ProcessEnv): ServeOptions | undefined {
  const address = options.value('http');
  if (address === undefined) {
    const unused = Object.keys(HTTP_FLAGS).find((name) => options.flag(name));
    if (unused !== undefined) throw usageError(`--${unused} is of --http, which is missing`, unused);
    return undefined;
  }
  const token = readToken(options, environment);
  const allowControl = options.flag('allow-control');
  if (allowControl && token === undefined) {
    const places = `set ${TOKEN_VARIABLE}, or give --http-token-env or --http-token-file`;
    throw usageError(`--allow-control needs a token: ${places}`, 'allow-control');
  }
  return {
    ...addressOf(address),
    hosts: hostsOf(options),
    token,
    allowControl,
    tls: tlsOf(options, address),
    // the command says it in a line of its own
    warnings: false,
  };
}

function addressOf(text: string): Pick<ServeOptions, 'host' | 'port' | 'path'> {
  const path = /^unix:(.+)$/.exec(text)?.[1];
  if (path !== undefined) return { path };
  const [, host, port] = /^(?:(.+):)?(\d{1,5})$/.exec(text) ?? [];
  const isHost = host === undefined || parseHost(host)?.port === undefined;
  if (port === undefined || Number(port) > 65_535 || !isHost || (host !== undefined && parseHost(host) === undefined))
    throw usageError('--http must be a port, HOST:PORT or unix:PATH', 'http');
  return { port: Number(port), ...(host === undefined ? {} : { host: host.replace(/^\[(.*)\]$/, '$1') }) };
}

function hostsOf(options: CollectedOptions): readonly string[] {
  const hosts = options.list('http-host');
  if (hosts.some((name) => parseHost(name) === undefined || parseHost(name)?.port !== undefined))
    throw usageError('--http-host must be names of hosts, without a port', 'http-host');
  return hosts;
}

function tlsOf(options: CollectedOptions, address: string): ServeOptions['tls'] {
  const [cert, key] = [readFileOption(options, 'http-cert'), readFileOption(options, 'http-key')];
  if (cert === undefined && key === undefined) return undefined;
  if (address.startsWith('unix:')) throw usageError('a Unix socket has no TLS: leave --http-cert out', 'http-cert');
  if (cert !== undefined && key !== undefined) return { cert, key };
  const missing = cert === undefined ? 'http-cert' : 'http-key';
  throw usageError(`--http-cert and --http-key belong together: --${missing} is missing`, missing);
}
