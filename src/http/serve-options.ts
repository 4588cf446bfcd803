import { checkOptions, type OptionChecks, options } from '../internal/options/check-options.js';
import { invalidOptions } from '../internal/options/invalid-options.js';
import { count, flag, listOf, must, someText, textOrBytes, wholeNumber } from '../internal/options/option-checks.js';
import { parseHost } from './policy/known-hosts.js';
import { tokenProblem } from './policy/token-form.js';

/** Where and to whom the state of an engine's jobs is served. */
export interface ServeOptions {
  /** What to listen at: an address, or a name that has one. Default `127.0.0.1`. Where others reach it, `token` must be given. */
  readonly host?: string | undefined;
  /** 0: one that is free. It, or `path`, must be given. */
  readonly port?: number | undefined;
  /** In place of host and port: where to make a Unix socket, of mode 0600. One that a process has left is taken away. */
  readonly path?: string | undefined;
  /**
   * What is asked for as `Authorization: Bearer`: for all but the status of `/live` and `/ready` where others reach the address, and in any
   * case for control. 128 random bits at least, as hexadecimal digits or letters and digits. Default: none, and so no control.
   */
  readonly token?: string | undefined;
  /** Whether jobs may be suspended, resumed, drained and restarted, and their state exported. Default false: all is only read. It needs a token. */
  readonly allowControl?: boolean | undefined;
  /** Further names that may stand in Host, without a port: those of a proxy, or of a service. Default: none. */
  readonly hosts?: readonly string[] | undefined;
  /** PEM. Default: without TLS, which is a warning of the process where others reach the address. */
  readonly tls?: HttpTlsOptions | undefined;
  /** At once; those above are closed. Default 128. */
  readonly maxConnections?: number | undefined;
  /** Who may follow `/api/events` at once; those above get 429. Default 50. */
  readonly maxViewers?: number | undefined;
  /** Whether that others reach it without TLS is said as a warning of the process. Default true. */
  readonly warnings?: boolean | undefined;
}

/** A certificate and its key, as PEM. */
export interface HttpTlsOptions {
  /** With those that lead to a root behind it. */
  readonly cert: string | Uint8Array;
  /** Without a passphrase. */
  readonly key: string | Uint8Array;
}

/** {@link ServeOptions} with every default applied. */
export interface ResolvedServeOptions {
  readonly at: { readonly host: string; readonly port: number } | { readonly path: string };
  readonly token: string | undefined;
  readonly allowControl: boolean;
  /** In lower case. */
  readonly hosts: readonly string[];
  readonly tls: HttpTlsOptions | undefined;
  readonly maxConnections: number;
  readonly maxViewers: number;
  readonly warnings: boolean;
}

const hostName = must('a host name without a port', (value) => {
  const host = typeof value === 'string' ? parseHost(value) : undefined;
  return host !== undefined && host.port === undefined;
});

const TLS: OptionChecks<HttpTlsOptions> = { cert: textOrBytes, key: textOrBytes };

const SERVE: OptionChecks<ServeOptions> = {
  host: someText,
  port: wholeNumber(0, 65_535),
  path: someText,
  // what is wrong with it is said without it
  token: (value, name) => {
    const problem = typeof value === 'string' ? tokenProblem(value) : 'must be a string';
    return problem === undefined ? [] : [`${name} ${problem}`];
  },
  allowControl: flag,
  hosts: listOf(hostName),
  tls: options(TLS),
  maxConnections: count,
  maxViewers: count,
  warnings: flag,
};

/** @throws MillraceError INVALID_OPTIONS that names all that is wrong */
export const resolveServeOptions = (given: ServeOptions): ResolvedServeOptions => {
  const { options: asked, problems } = checkOptions('serve', given, SERVE);
  const { host, port, path, token, allowControl = false, tls } = asked;
  const at = path === undefined ? { host: host ?? '127.0.0.1', port: port ?? 0 } : { path };
  const together = [
    ...((port === undefined) === (path === undefined) ? ['port or path must be given, one of them'] : []),
    ...(path !== undefined && (host !== undefined || tls !== undefined) ? ['a path has neither host nor tls'] : []),
    ...(tls !== undefined && (tls.cert === undefined || tls.key === undefined) ? ['tls needs cert and key'] : []),
    ...(allowControl && token === undefined ? ['allowControl needs a token'] : []),
  ];
  const all = problems.length > 0 ? problems : together;
  if (all.length > 0) throw invalidOptions('serve', all);
  return {
    at,
    token,
    allowControl,
    hosts: (asked.hosts ?? []).map((name) => name.toLowerCase()),
    tls,
    maxConnections: asked.maxConnections ?? 128,
    maxViewers: asked.maxViewers ?? 50,
    warnings: asked.warnings ?? true,
  };
};
