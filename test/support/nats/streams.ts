import { JetStreamApi, type NatsClient } from '../../../src/nats/index.js';

/** What JetStream answers; fails where that is an error. */
export const askJetStream = async <A>(client: NatsClient, path: string, body?: object): Promise<A> => {
  const { answer, error } = await new JetStreamApi(client).ask<A>(path, body, path);
  if (error !== undefined) throw new Error(`${path}: ${error.description} (${error.err_code})`);
  return answer;
};

/** Removes all that is there. */
export const removeStreams = async (client: NatsClient): Promise<void> => {
  const { streams } = await askJetStream<{ readonly streams: readonly string[] | null }>(client, 'STREAM.NAMES');
  for (const name of streams ?? []) await askJetStream(client, `STREAM.DELETE.${name}`);
};
