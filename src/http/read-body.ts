import type { IncomingMessage } from 'node:http';
import { isObject } from '../internal/is-object.js';

const MOST_BYTES = 1024;

/** The text of a request's body; undefined: it is above 1,024 bytes, or was cut off. The server bounds how long that may take. */
export const readBody = async (request: IncomingMessage): Promise<string | undefined> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      bytes += chunk.byteLength;
      if (bytes > MOST_BYTES) return undefined;
      chunks.push(chunk);
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks).toString('utf8');
};

/** What a body says; an empty one is as good as `{}`. Undefined where it is no object. */
export const readJsonObject = (text: string): Readonly<Record<string, unknown>> | undefined => {
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
};
