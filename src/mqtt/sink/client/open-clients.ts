import type { SinkClient } from './sink-client.js';

/** Resolves when every client of a sink is connected; rejects with the first failure, after which all are closed. */
export async function openClients(clients: readonly SinkClient[], signal: AbortSignal): Promise<void> {
  try {
    await Promise.all(clients.map((client) => client.open(signal)));
  } catch (error) {
    await closeClients(clients);
    throw error;
  }
}

/** Resolves when every client of a sink is closed. Never rejects. */
export async function closeClients(clients: readonly SinkClient[]): Promise<void> {
  await Promise.all(clients.map((client) => client.close()));
}
