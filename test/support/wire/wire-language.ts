import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** One message of a wire case: bytes to the client, or bytes that the client must answer with. */
export interface WireMessage {
  readonly type: 'send' | 'recv';
  readonly bytes: Uint8Array;
  /** The bytes in the payload language, for messages of tests. */
  readonly text: string;
}

/** What a client has done after CONNACK and before the messages: one publish, or one UNSUBSCRIBE, with packet id 1. */
export type WireCommand = 'publish-1' | 'publish-2' | 'unsubscribe';

/** One packet sequence that a server may send, with what the group says filled in. */
export interface WireCase {
  /** The file's name without its ending, such as `PUBLISH`. */
  readonly file: string;
  readonly group: string;
  readonly name: string;
  readonly version: 3 | 4 | 5;
  /** False: the bytes come before anything is read from the client. */
  readonly connect: boolean;
  /** False: the CONNECT is read, but no CONNACK is sent before the messages. */
  readonly connack: boolean;
  readonly expectDisconnect: boolean;
  readonly command: WireCommand | undefined;
  readonly messages: readonly WireMessage[];
}

interface RawCase {
  readonly name?: string;
  readonly ver?: 3 | 4 | 5;
  readonly connect?: boolean;
  readonly connack?: boolean;
  readonly expect_disconnect?: boolean;
  readonly command?: WireCommand;
  readonly msgs?: readonly { readonly type: 'send' | 'recv'; readonly payload: string }[];
}

interface RawGroup extends RawCase {
  readonly group: string;
  readonly tests: readonly RawCase[];
}

const FOLDER = fileURLToPath(new URL('../../../../shared/data/wire-cases/', import.meta.url));

/**
 * Bytes of the payload language: `r14` remaining length and `v5` variable integer (past the legal maximum too), `i7` one
 * byte, `s5` `m1` `k60` `H10` two bytes, `L1` four bytes, `'text'` UTF-8, anything else hex. Throws on anything else.
 */
export function parseWirePayload(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const token of text.match(/'[^']*'|[^\s']+/g) ?? []) bytes.push(...tokenBytes(token));
  return Uint8Array.from(bytes);
}

/** The wire cases beside the project (`../shared/data/wire-cases`), or undefined when the folder is not there. */
export function loadWireCases(): WireCase[] | undefined {
  if (!existsSync(FOLDER)) return undefined;
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
  return files.sort().flatMap((name) => {
    const groups: readonly RawGroup[] = JSON.parse(readFileSync(`${FOLDER}${name}`, 'utf8'));
    return groups.flatMap((group) => group.tests.map((test) => wireCase(name.replace('.json', ''), group, test)));
  });
}

function wireCase(file: string, group: RawGroup, test: RawCase): WireCase {
  return {
    file,
    group: group.group,
    name: test.name ?? '',
    version: test.ver ?? group.ver ?? 4,
    connect: test.connect ?? group.connect ?? true,
    connack: test.connack ?? group.connack ?? true,
    expectDisconnect: test.expect_disconnect ?? group.expect_disconnect ?? true,
    command: test.command ?? group.command,
    messages: (test.msgs ?? []).map(({ type, payload }) => ({ type, bytes: parseWirePayload(payload), text: payload })),
  };
}

function tokenBytes(token: string): readonly number[] {
  if (token.startsWith("'")) return [...new TextEncoder().encode(token.slice(1, -1))];
  const number = Number(token.slice(1));
  if (/^[rv]\d+$/.test(token)) return variableInteger(number);
  if (/^i\d+$/.test(token)) return [number];
  if (/^[smkH]\d+$/.test(token)) return [number >> 8, number & 0xff];
  if (/^L\d+$/.test(token)) return [number >>> 24, (number >>> 16) & 0xff, (number >>> 8) & 0xff, number & 0xff];
  if (/^([0-9A-Fa-f]{2})+$/.test(token)) return token.match(/../g)?.map((pair) => Number.parseInt(pair, 16)) ?? [];
  throw new Error(`not in the payload language: ${token}`);
}

function variableInteger(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest % 128) | (rest > 127 ? 128 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return bytes;
}
