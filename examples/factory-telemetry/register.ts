import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { PermanentError } from 'millrace';
import type { Band } from './averages.js';

/** A client of the register of machines, which keeps its connections. */
export interface Register {
  /** @throws PermanentError for a machine that there is not, Error for what may pass */
  bandOf(machine: string, quantity: string, signal: AbortSignal): Promise<Band>;
  close(): void;
}

export function openRegister(url: string): Register {
  const agent = new Agent({ keepAlive: true });
  return {
    bandOf: async (machine, quantity, signal) => {
      const request = get(`${url}/${encodeURIComponent(machine)}/${quantity}`, { agent, signal });
      const [response]: IncomingMessage[] = await once(request, 'response');
      if (response === undefined) throw new Error('no answer');
      const body = await text(response);
      if (response.statusCode === 404) throw new PermanentError(`no machine ${machine}`);
      if (response.statusCode !== 200) throw new Error(`the register answers ${response.statusCode}`);
      return JSON.parse(body);
    },
    close: () => agent.destroy(),
  };
}
