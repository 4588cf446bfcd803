import { JetStreamApi, type NatsClient } from '../../../src/nats/index.js';

/** What JetStream answers; fails where that is an error. */
export const askJetStream = async <A>(client: NatsClient, path: string, body?: object): Promise<A> => {
  const { answer, error } = await new JetStreamApi(client).ask<A>(path, body, path);
  if (error !== undefined) throw new Error(`${path}: ${error.description} (${error.err_code})`);
  return answer;
};

const STREAM_NOT_FOUND = 10_059;

/** That it is gone is all that is asked for: a server of a cluster names for a moment what is deleted already, and an answer that was lost is asked for again. */
export const removeStream = async (client: NatsClient, name: string): Promise<void> => {
  const path = `STREAM.DELETE.${name}`;
  const { error } = await new JetStreamApi(client).ask(path, undefined, path);
  if (error !== undefined && error.err_code !== STREAM_NOT_FOUND)
    throw new Error(`${path}: ${error.description} (${error.err_code})`);
};

/** Removes all that is there. */
export const removeStreams = async (client: NatsClient): Promise<void> => {
  const { streams } = await askJetStream<{ readonly streams: readonly string[] | null }>(client, 'STREAM.NAMES');
  for (const name of streams ?? []) await removeStream(client, name);
};
