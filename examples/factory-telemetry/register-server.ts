import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Band } from './averages.js';

/** The register of machines: somebody else's service, with its bad moments. */
export interface RegisterServer extends AsyncDisposable {
  readonly url: string;
  /** How often it has answered 503, and how often not at all. */
  readonly moments: { failed: number; hung: number };
}

export async function startRegisterServer(): Promise<RegisterServer> {
  const moments = { failed: 0, hung: 0 };
  let asked = 0;
  const server = createServer((request, response) => {
    asked += 1;
    if (asked === 100) {
      moments.hung += 1;
      return;
    }
    if (asked % 37 === 0) {
      moments.failed += 1;
      response.writeHead(503).end();
      return;
    }
    const [, machine = '', quantity = ''] = (request.url ?? '').split('/');
    const band = bandOf(machine, quantity);
    response.writeHead(band === undefined ? 404 : 200).end(JSON.stringify(band));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    moments,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** What a quantity of a machine is to stay within; undefined for a machine that there is not. Every fourth may be hotter. */
export function bandOf(machine: string, quantity: string): Band | undefined {
  const number = /^m(\d+)$/.exec(machine)?.[1];
  if (number === undefined) return undefined;
  if (quantity === 'vibration') return { low: 0, high: 10 };
  return { low: 20, high: Number(number) % 4 === 0 ? 120 : 80 };
}
