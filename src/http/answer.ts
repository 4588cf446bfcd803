import type { ServerResponse } from 'node:http';
import { visibleJson } from '../internal/visible-text.js';

/**
 * With every answer. What brokers and publishers chose may be in it: nothing of it is a page, a script or a frame, and a page of ours may
 * run its own scripts alone. No header lets another origin read anything.
 */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};

export const JSON_TYPE = 'application/json; charset=utf-8';

/** What is said, but for its status. */
export interface Body {
  readonly type: string;
  readonly bytes: Uint8Array;
}

export const jsonBody = (value: unknown): Body => ({ type: JSON_TYPE, bytes: Buffer.from(`${visibleJson(value)}\n`) });

/** Begins an answer; what follows is its body. */
export const beginAnswer = (
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
): void => void response.writeHead(status, { ...SECURITY_HEADERS, ...headers });

/** Gives a whole answer. */
export const answer = (
  response: ServerResponse,
  status: number,
  { type, bytes }: Body,
  headers: Readonly<Record<string, string>> = {},
): void => {
  beginAnswer(response, status, { 'Content-Type': type, 'Content-Length': String(bytes.byteLength), ...headers });
  response.end(bytes);
};

/** Says no, and ends the connection: what else comes on it is not read. */
export const refuse = (
  response: ServerResponse,
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): void => answer(response, status, jsonBody({ error: { message } }), { Connection: 'close', ...headers });
