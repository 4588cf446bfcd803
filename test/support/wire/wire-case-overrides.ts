import { readFileSync } from 'node:fs';
import { parseWirePayload, type WireCase, type WireMessage } from './wire-language.js';

/** What the specification wants of a case instead of what the case says, and why. */
export interface WireCaseOverride {
  readonly file: string;
  readonly group: string;
  readonly name: string;
  /** Replaces what the client must answer, in the payload language. */
  readonly recv?: string;
  readonly expectDisconnect?: boolean;
  /** The statement or section, and what it says. */
  readonly reason: string;
}

/** The overrides beside the conformance test. */
export function loadWireCaseOverrides(): readonly WireCaseOverride[] {
  return JSON.parse(readFileSync(new URL('../../conformance/wire-case-overrides.json', import.meta.url), 'utf8'));
}

/** Whether the override is for this case. */
export function isFor(override: WireCaseOverride, wire: WireCase): boolean {
  return override.file === wire.file && override.group === wire.group && override.name === wire.name;
}

/** The case as the specification wants it. */
export function overridden(wire: WireCase, { recv, expectDisconnect }: WireCaseOverride): WireCase {
  const sent = wire.messages.filter(({ type }) => type === 'send');
  const answer = (text: string): WireMessage => ({ type: 'recv', bytes: parseWirePayload(text), text });
  return {
    ...wire,
    expectDisconnect: expectDisconnect ?? wire.expectDisconnect,
    messages: recv === undefined ? sent : [...sent, answer(recv)],
  };
}
