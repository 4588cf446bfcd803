/*
 * HT1. A request is answered only where its Host is the address that we are bound to, `localhost` or a name that an option allows, on
 * loopback too: a page from anywhere may have a name of its own resolve to 127.0.0.1, and would read what we answer as its own.
 */

/** Under which names this server may be asked. */
export interface KnownHosts {
  /** Those of the address that it is bound to, as a Host header has them: `localhost`, `127.0.0.1`, `[::1]`. */
  readonly bound: readonly string[];
  /** Those that the user allows, with whatever port: a proxy may have another one. */
  readonly allowed: readonly string[];
  /** Undefined on a Unix socket, where none is. */
  readonly port: number | undefined;
  /** What a Host without a port means. */
  readonly defaultPort: number;
}

/** What a Host header says. */
export interface HostName {
  /** In lower case; an IPv6 address in its brackets. */
  readonly name: string;
  readonly port: number | undefined;
}

const HOST = /^(\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,255})(?::(\d{1,5}))?$/;

/** Undefined for what is none. */
export const parseHost = (text: string): HostName | undefined => {
  const match = HOST.exec(text.toLowerCase());
  const name = match?.[1];
  if (name === undefined) return undefined;
  return { name, port: match?.[2] === undefined ? undefined : Number(match[2]) };
};

/** An address as a Host header has it: IPv6 in brackets, IPv4 that came in by IPv6 as it is. */
export const hostOfAddress = (address: string): string => {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').toLowerCase();
  return plain.includes(':') ? `[${plain}]` : plain;
};

/**
 * Whether a request may be answered that has this Host.
 * @param localAddress at which it came in; it counts as bound, too: whoever is bound to all addresses has many, and no name rebinds one
 */
export const isKnownHost = (
  host: HostName | undefined,
  { bound, allowed, port, defaultPort }: KnownHosts,
  localAddress: string | undefined,
): host is HostName => {
  if (host === undefined) return false;
  if (allowed.includes(host.name)) return true;
  const isBound =
    bound.includes(host.name) || (localAddress !== undefined && host.name === hostOfAddress(localAddress));
  return isBound && (port === undefined || (host.port ?? defaultPort) === port);
};
