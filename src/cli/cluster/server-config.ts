/** Which servers, and what they may store. */
export interface ServerConfig {
  /** Hosts by which the servers, and nodes, reach them. */
  readonly hosts: readonly string[];
  readonly storeDir: string;
  /** Of each server, in GB. */
  readonly maxStoreGb: number;
}

/** Names that each server has of its own are given on its command line, so that all have one file. */
export function serverConfig({ hosts, storeDir, maxStoreGb }: ServerConfig): string {
  const routes = hosts.map((host) => `"nats://${host}:6222"`).join(', ');
  const cluster = hosts.length === 1 ? '' : `cluster { name: millrace, listen: "0.0.0.0:6222", routes: [${routes}] }\n`;
  return `# The same file on each server: nats-server -c millrace.conf --server_name ${hosts[0]}
# MILLRACE_NATS_PASSWORD is taken from its environment: a letter first, then letters and digits.
listen: "0.0.0.0:4222"
http: "127.0.0.1:8222"
jetstream { store_dir: ${JSON.stringify(storeDir)}, max_file_store: ${maxStoreGb}GB, sync_interval: "always" }
${cluster}accounts {
  MILLRACE {
    users: [{ user: millrace, password: $MILLRACE_NATS_PASSWORD }]
    jetstream { max_file: ${maxStoreGb * hosts.length}GB }
  }
}
`;
}
