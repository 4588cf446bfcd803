import type { UserProperty } from '../../mqtt/protocol/properties.js';
import type { MessageProperties } from '../../mqtt/sink/message/sink-message.js';
import { type ClientFlags, parseClientFlags, topicOption } from '../client/client-flags.js';
import { type CollectedOptions, collectOptions } from '../options/collect-options.js';
import { requiredOption, secondsOption } from '../options/option-values.js';
import { readFileOption } from '../options/read-file-option.js';
import { usageError } from '../options/usage-error.js';
import { PUB_OPTIONS } from './pub-options.js';

/** What is published: one message, or what stdin gives. */
export type PubInput = { readonly from: 'here'; readonly payload: Uint8Array } | { readonly from: 'lines' | 'stdin' };

/** What `millrace pub` was told. */
export interface PubFlags extends ClientFlags {
  /** A topic's name. */
  readonly topic: string;
  readonly input: PubInput;
  readonly retain: boolean;
  /** Of each message; undefined: none. */
  readonly properties: MessageProperties | undefined;
}

const INPUTS = ['message', 'file', 'stdin-line', 'stdin-file', 'null-message'] as const;

/** Throws a MillraceError that names the wrong option. */
export function parsePubFlags(args: readonly string[], environment: NodeJS.ProcessEnv): PubFlags {
  const options = collectOptions(args, PUB_OPTIONS, 0);
  requiredOption(options, 'topic');
  return {
    ...parseClientFlags(options, environment),
    topic: topicOption(options, 'topic') ?? '',
    input: parseInput(options),
    retain: options.flag('retain'),
    properties: parseProperties(options),
  };
}

function parseInput(options: CollectedOptions): PubInput {
  const [given, other] = INPUTS.filter((name) => options.flag(name));
  if (given === undefined)
    throw usageError('what to publish is missing: --message, --file, --stdin-line, --stdin-file or --null-message');
  if (other !== undefined) throw usageError(`--${given} and --${other} exclude each other`, other);
  switch (given) {
    case 'message':
      return { from: 'here', payload: Buffer.from(requiredOption(options, 'message')) };
    case 'file':
      return { from: 'here', payload: readFileOption(options, 'file') ?? new Uint8Array(0) };
    case 'null-message':
      return { from: 'here', payload: new Uint8Array(0) };
    case 'stdin-line':
      return { from: 'lines' };
    case 'stdin-file':
      return { from: 'stdin' };
  }
}

function parseProperties(options: CollectedOptions): MessageProperties | undefined {
  const expiryMs = secondsOption(options, 'message-expiry');
  const correlation = options.value('correlation-data');
  const pairs = options.list('user-property').map(pairOf);
  const given: MessageProperties = {
    contentType: options.value('content-type'),
    responseTopic: topicOption(options, 'response-topic'),
    correlationData: correlation === undefined ? undefined : Buffer.from(correlation),
    userProperties: pairs.length === 0 ? undefined : pairs,
    messageExpiryInterval: expiryMs === undefined ? undefined : Math.ceil(expiryMs / 1000),
    payloadFormatIndicator: options.flag('payload-text') ? true : undefined,
  };
  return Object.values(given).some((value) => value !== undefined) ? given : undefined;
}

function pairOf(text: string): UserProperty {
  const at = text.indexOf('=');
  if (at < 1) throw usageError('--user-property is written NAME=VALUE', 'user-property');
  return [text.slice(0, at), text.slice(at + 1)];
}
