/**
 * Who we are to the servers. Secrets are in no error and no log; as a function they are asked for at each connect.
 */
export type NatsAuth =
  | { readonly user: string; readonly password: string | (() => string) }
  | { readonly token: string | (() => string) }
  /** The seed of an nkey (`SU…`), which never leaves this process: the server's challenge is signed with it. */
  | { readonly nkeySeed: string }
  /** Path of a file as the tool nsc writes it, with a JWT and a seed. Read once. */
  | { readonly credentialsFile: string };

/** Of TLS; files are in PEM. */
export interface NatsTlsOptions {
  /** Path of the authorities to believe. Default: those of Node. */
  readonly caFile?: string;
  /** Path of our certificate, where the servers ask for one. */
  readonly certFile?: string;
  /** Path of its key. */
  readonly keyFile?: string;
  /** TLS before the server's first word, for servers that want it so. Default false. */
  readonly handshakeFirst?: boolean;
}

/** How the NATS servers of a cluster are reached. */
export interface NatsOptions {
  /** URLs (`nats://host:4222`, `tls://…`) in an array, or in a string with commas between. Each that answers tells of the others. */
  readonly servers: string | readonly string[];
  /** Default: nobody in particular. */
  readonly auth?: NatsAuth;
  /** `true`, or how. Default: as the servers' URLs say. */
  readonly tls?: boolean | NatsTlsOptions;
  /** As the servers list the connection. Default `millrace`. */
  readonly name?: string;
}
