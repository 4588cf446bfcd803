/** Where a server is, by what a user wrote. */
export interface ServerPlace {
  /** `host:port` */
  readonly place: string;
  /** Its URL says `tls://`. */
  readonly tls: boolean;
}

const PORT = '4222';

/** Undefined for what is no place of a server, or has a user in it: that would be shown in messages. */
export const serverPlace = (server: string): ServerPlace | undefined => {
  const trimmed = server.trim();
  const url = /^\w+:\/\//.test(trimmed) ? trimmed : `nats://${trimmed}`;
  if (!/^(nats|tls):\/\/[^@/?#]+\/?$/.test(url) || !URL.canParse(url)) return undefined;
  const { hostname, port, protocol } = new URL(url);
  return hostname === '' ? undefined : { place: `${hostname}:${port === '' ? PORT : port}`, tls: protocol === 'tls:' };
};

/** All that an option names, in their order. */
export const serverPlaces = (servers: string | readonly string[]): readonly ServerPlace[] =>
  (typeof servers === 'string' ? servers.split(',') : servers).flatMap((server) => serverPlace(server) ?? []);
