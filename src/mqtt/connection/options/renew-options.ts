import { MillraceError } from '../../../errors/millrace-error.js';
import { invalidOptions } from '../../../internal/options/invalid-options.js';
import { providerFailed } from '../authentication/ask-provider.js';
import type { ConnectOptions } from './connect-options.js';
import type { FreshOptions } from './mqtt-connection-options.js';
import type { ResolvedConnect } from './resolve-connect-options.js';
import { TLS_NAMES } from './resolve-tls.js';

/** Their names among the user's; of `properties` there is `userProperties`, and of `servers` nothing but what `path` says. */
const FRESH: ReadonlySet<string> = new Set<keyof ConnectOptions>([
  'username',
  'password',
  'credentials',
  'authentication',
  ...TLS_NAMES,
  'path',
  'wsOptions',
  'will',
]);

/** What asking again is made of. */
export interface Renewal {
  /** For errors, e.g. `the MQTT source "consumer"`. */
  readonly what: string;
  /** What `connectOptionsFn` gave at `build()`. */
  readonly asked: ConnectOptions;
  /** `connectOptionsFn` itself, which may throw and may give anything. */
  readonly ask: () => ConnectOptions;
  /** The same as at `build()`, so that nothing passes now that was refused then. */
  readonly resolve: (options: ConnectOptions) => ResolvedConnect;
}

/**
 * Asks `connectOptionsFn` for one connect, so that certificates, headers and presigned URLs may be fresh. What it throws is
 * USER_FUNCTION_FAILED and is tried again, as the network is; a session, a version or limits other than at `build()` are
 * INVALID_OPTIONS, because what was promised then was promised for those.
 */
export function renewOptions({ what, asked, ask, resolve }: Renewal): FreshOptions {
  const fresh = told(ask);
  const changed = changedNames(asked, fresh);
  if (changed.length > 0) throw invalidOptions(what, [changedText(changed)]);
  const { options, problems } = resolve(fresh);
  if (options === undefined) throw invalidOptions(what, problems);
  const { credentials, dynamicCredentials, fixedCredentials, authentication } = options;
  const { tls, webSocket, will, userProperties, servers } = options;
  return {
    credentials,
    dynamicCredentials,
    fixedCredentials,
    authentication,
    tls,
    webSocket,
    will,
    userProperties,
    servers,
  };
}

/** Its exception may hold a secret, so of it only the class and the code are told; a MillraceError is its own choice of words. */
function told(ask: () => ConnectOptions): ConnectOptions {
  let options: ConnectOptions;
  try {
    options = ask();
  } catch (error) {
    if (error instanceof MillraceError) throw error;
    const did = error instanceof Error ? `threw ${error.name}` : 'threw a value that is not an Error';
    throw providerFailed('connectOptionsFn', did, error);
  }
  if (typeof options === 'object' && options !== null) return options;
  throw invalidOptions('connectOptionsFn', ['it must return an object']);
}

function changedNames(before: ConnectOptions, now: ConnectOptions): readonly string[] {
  const [one, other] = [fixedPart(before), fixedPart(now)];
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].filter((name) => JSON.stringify(one[name]) !== JSON.stringify(other[name]));
}

function fixedPart(options: ConnectOptions): Readonly<Record<string, unknown>> {
  const { userProperties: _, ...properties } = options.properties ?? {};
  const fixed = Object.entries(options).filter(([name, value]) => !FRESH.has(name) && value !== undefined);
  return { ...Object.fromEntries(fixed), ...(Object.keys(properties).length > 0 ? { properties } : {}) };
}

const changedText = (names: readonly string[]): string =>
  `connectOptionsFn gives another ${names.join(', ')} than at build(); between connects only ${[...FRESH].join(', ')} and properties.userProperties may change`;
