import { isIPv6 } from 'node:net';
import type { ServerAddress } from '../mqtt-connection-options.js';
import { DEFAULT_PORTS, parseServerUrl } from './parse-server-url.js';
import { isSecure } from './resolve-servers.js';

/** What a Server Reference leads to, or why it leads nowhere. */
export type ParsedReference = { readonly to: ServerAddress } | { readonly problem: string };

const LONGEST = 1024;
const LIST = /^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/;
const NAME_AND_PORT = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+))(?::([0-9]{1,5}))?$/;

/**
 * A Server Reference (5: 4.11) as seen from the server that gave it: a list of `host`, `host:port`, `[ipv6]:port`, or URLs as some
 * brokers write them. The first that may be used counts. Who was spoken to by TLS is not left for one that is spoken to in plain text:
 * the next CONNECT has the password.
 */
export function parseServerReference(reference: string | undefined, from: ServerAddress): ParsedReference {
  if (reference === undefined || reference === '') return { problem: 'the broker named no other server' };
  if (reference.length > LONGEST || !LIST.test(reference)) return { problem: 'the reference is not well formed' };
  const parsed = reference.split(' ').map((part) => parseOne(part, from));
  return parsed.find((one) => 'to' in one) ?? parsed[0] ?? { problem: 'the reference is empty' };
}

function parseOne(text: string, from: ServerAddress): ParsedReference {
  const address = text.includes('://') ? fromUrl(text) : fromName(text, from);
  if (address === undefined) return { problem: 'the reference is not well formed' };
  if (isSecure(from) && !isSecure(address)) return { problem: 'it leads from TLS to plain text' };
  return { to: address };
}

/** The same protocol, and the same path for a WebSocket. */
function fromName(text: string, { protocol, path }: ServerAddress): ServerAddress | undefined {
  const [, literal, name, digits] = NAME_AND_PORT.exec(text) ?? [];
  const host = literal ?? name;
  const port = digits === undefined ? DEFAULT_PORTS[protocol] : Number(digits);
  if (host === undefined || (literal !== undefined && !isIPv6(literal)) || port < 1 || port > 65_535) return undefined;
  return { protocol, host, port, path };
}

/** Credentials of a broker's making are nobody's. */
function fromUrl(text: string): ServerAddress | undefined {
  const url = parseServerUrl(text);
  return 'problem' in url || url.credentials !== undefined ? undefined : url.address;
}
