import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What one server is told. */
export interface NatsServerConfig {
  readonly name: string;
  readonly port: number;
  readonly monitorPort: number;
  readonly dir: string;
  /**
   * The port of its routes, and those by which it reaches others; undefined for a server that is alone. `sealed`: it tells nobody of an
   * address, so that nothing goes another way than by `to`.
   */
  readonly routes:
    | { readonly cluster: string; readonly port: number; readonly to: readonly number[]; readonly sealed: boolean }
    | undefined;
  /** `always`: each write is flushed before it is acknowledged. A duration otherwise. */
  readonly syncInterval: string;
  readonly jetStream: boolean;
  /** Lines of a configuration file that are added. */
  readonly extra: string;
}

/** Clients learn no other server's address, and nobody listens where other servers are told that this one can be reached. */
const SEALED = `  no_advertise: true
  advertise: "127.0.0.1:1"`;

/** Writes the file and gives its path. `sync_interval` is quoted: without quotes `2m` would be two million seconds. */
export function writeNatsConfig(config: NatsServerConfig): string {
  const { name, port, monitorPort, dir, routes, syncInterval, jetStream, extra } = config;
  const cluster =
    routes === undefined
      ? ''
      : `cluster {
  name: ${routes.cluster}
  listen: "127.0.0.1:${routes.port}"
  routes: [${routes.to.map((route) => `"nats://127.0.0.1:${route}"`).join(', ')}]
${routes.sealed ? SEALED : ''}
}`;
  const path = join(dir, `${name}.conf`);
  writeFileSync(
    path,
    `server_name: ${name}
listen: "127.0.0.1:${port}"
http: "127.0.0.1:${monitorPort}"
${jetStream ? `jetstream { store_dir: "${join(dir, name)}", sync_interval: "${syncInterval}" }` : ''}
${cluster}
${extra}
`,
  );
  return path;
}
