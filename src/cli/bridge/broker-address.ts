import { hasBadPort } from '../../mqtt/connection/options/servers/parse-server-url.js';
import { usageError } from '../options/usage-error.js';

/** A broker as the command line names it, the credentials apart so that nothing prints them by accident. */
export interface BrokerAddress {
  /** Without user and password: safe to show. */
  readonly url: string;
  /** From the URL, decoded; a file or a variable may take its place (`withCredentials`). */
  readonly username: string | undefined;
  /** The same. */
  readonly password: string | undefined;
  /** The password stood in the URL, where the list of processes shows it. */
  readonly passwordInUrl: boolean;
  /** Whether TLS is spoken, so that its files are of use. */
  readonly secure: boolean;
}

const SCHEMES: Readonly<Record<string, { readonly secure: boolean }>> = {
  'mqtt:': { secure: false },
  'tcp:': { secure: false },
  'ws:': { secure: false },
  'mqtts:': { secure: true },
  'ssl:': { secure: true },
  'tls:': { secure: true },
  'wss:': { secure: true },
};

/** Reads the URL of an option. Errors never repeat it: it may hold a password. @param said what they call it */
export function parseBrokerAddress(text: string, option: string, said = `--${option}`): BrokerAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined && hasBadPort(text))
    throw usageError(`${said}: the port must be a number from 1 to 65535`, option);
  const scheme = url === undefined ? undefined : SCHEMES[url.protocol];
  if (url === undefined || scheme === undefined || url.hostname === '') {
    throw usageError(`${said} is not a broker URL: write it like mqtt://localhost:1883 (mqtt, mqtts, ws, wss)`, option);
  }
  const { username, password } = decodedCredentials(url, option, said);
  url.username = '';
  url.password = '';
  const passwordInUrl = password !== undefined;
  return { url: url.href.replace(/\/$/, ''), username, password, passwordInUrl, secure: scheme.secure };
}

function decodedCredentials(url: URL, option: string, said: string) {
  try {
    return {
      username: url.username === '' ? undefined : decodeURIComponent(url.username),
      password: url.password === '' ? undefined : decodeURIComponent(url.password),
    };
  } catch {
    throw usageError(`${said}: user or password in the URL is not percent-encoded correctly`, option);
  }
}
