import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onCleanup } from '../cleanup.js';

/** A command for a shell that has the broker of this process restarted, and ends when that is done. */
export async function restartCommand(restart: () => Promise<void>): Promise<string> {
  const server = createServer((_, response) => {
    restart().then(
      () => response.end(),
      (error) => response.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onCleanup(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const program = `fetch('http://127.0.0.1:${port}').then(({ ok }) => process.exit(ok ? 0 : 1))`;
  return `'${process.execPath}' -e "${program}"`;
}
