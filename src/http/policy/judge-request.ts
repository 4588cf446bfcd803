import { isKnownHost, type KnownHosts, parseHost } from './known-hosts.js';
import { isForAll, methodsOf, type Route, routeOf } from './routes.js';

/*
 * HT2. Nothing changes by a request that a page of somebody else's can make a browser send: control needs POST, a JSON content type, which
 * a browser asks leave for, and we give none; an `Origin` that is absent or ours; and the token, on loopback too.
 */

/** What of a request is judged. */
export interface RequestFacts {
  readonly method: string;
  /** As the request line has it. */
  readonly target: string;
  /** Every value of the header: two are one too many. */
  readonly hosts: readonly string[];
  readonly origins: readonly string[];
  readonly contentType: string | undefined;
  /** At which address it came in; undefined on a Unix socket. */
  readonly localAddress: string | undefined;
  /** Looked at only where a request may count: each wrong one slows the next. */
  readonly token: () => TokenState;
}

/** `paused`: there was a wrong one a moment ago, and this one was not compared. */
export type TokenState = { readonly is: 'absent' | 'right' | 'wrong' } | { readonly is: 'paused'; readonly ms: number };

/** What this server allows. */
export interface RequestPolicy {
  readonly hosts: KnownHosts;
  readonly scheme: 'http' | 'https';
  /** Reading needs no token. */
  readonly openToRead: boolean;
  /** Jobs may be suspended and so on. */
  readonly allowControl: boolean;
}

/** An answer that says no. */
export interface Refusal {
  readonly status: number;
  /** For people; nothing of the request is in it. */
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** `trusted`: it may be told all, not the status alone. */
export type Verdict =
  | { readonly route: Route; readonly trusted: boolean; readonly refusal?: never }
  | { readonly refusal: Refusal };

const MAX_TARGET = 1024;

/** What becomes of a request. Pure: sockets, bodies and bounds of time are the server's. */
export const judgeRequest = (facts: RequestFacts, policy: RequestPolicy): Verdict => {
  const refusal = judgeOrigin(facts, policy);
  if (refusal !== undefined) return { refusal };
  const route = routeOf(facts.target);
  const token = facts.token();
  if (token.is === 'paused') return { refusal: paused(token.ms) };
  if (token.is === 'wrong') return { refusal: UNAUTHORIZED };
  const trusted = policy.openToRead || token.is === 'right';
  // before it is said what there is
  if (!trusted && !(route !== undefined && isForAll(route))) return { refusal: UNAUTHORIZED };
  if (route === undefined) return { refusal: NOT_FOUND };
  const methods = methodsOf(route);
  if (!methods.includes(facts.method)) return { refusal: notAllowed(methods) };
  const refused = route.kind === 'control' ? judgeControl(facts, policy, token) : undefined;
  return refused === undefined ? { route, trusted } : { refusal: refused };
};

/** HT1, and that no page of somebody else's asks. */
const judgeOrigin = (
  { target, hosts, origins, localAddress }: RequestFacts,
  policy: RequestPolicy,
): Refusal | undefined => {
  const [only = ''] = hosts;
  const host = parseHost(only);
  if (hosts.length !== 1 || !isKnownHost(host, policy.hosts, localAddress)) return MISDIRECTED;
  // a proxy that a user has named may speak TLS for us
  const schemes = policy.hosts.allowed.includes(host.name) ? ['http', 'https'] : [policy.scheme];
  const ours = schemes.map((scheme) => `${scheme}://${only.toLowerCase()}`);
  if (!origins.every((origin) => ours.includes(origin.toLowerCase()))) return FOREIGN_ORIGIN;
  if (target.length > MAX_TARGET || !/^\/[^?#]*$/.test(target)) return BAD_TARGET;
  return undefined;
};

const judgeControl = (
  { contentType }: RequestFacts,
  { allowControl }: RequestPolicy,
  token: TokenState,
): Refusal | undefined => {
  if (!allowControl) return NO_CONTROL;
  if (token.is !== 'right') return UNAUTHORIZED;
  return /^application\/json\s*(;|$)/i.test(contentType ?? '') ? undefined : NOT_JSON;
};

const MISDIRECTED: Refusal = {
  status: 421,
  message: 'this Host is not the address that is listened at, localhost, or a name that was allowed',
};
const FOREIGN_ORIGIN: Refusal = { status: 403, message: 'this Origin is not ours' };
const BAD_TARGET: Refusal = {
  status: 400,
  message: 'a path is taken, without a query: what stands in one is logged on its way',
};
const UNAUTHORIZED: Refusal = {
  status: 401,
  message: 'a token is needed: Authorization: Bearer …',
  headers: { 'WWW-Authenticate': 'Bearer' },
};
const NOT_FOUND: Refusal = {
  status: 404,
  message:
    'there are /, /live, /ready, /metrics, /api/jobs, /api/events, /api/dead-letters, /api/dead-letters/{letter}/payload and /api/jobs/{job}/{action}',
};
const NO_CONTROL: Refusal = { status: 403, message: 'control is off: --allow-control, in code allowControl' };
const NOT_JSON: Refusal = { status: 415, message: 'the content type must be application/json' };

const notAllowed = (methods: readonly string[]): Refusal => ({
  status: 405,
  message: `this takes ${methods.join(' and ')}`,
  headers: { Allow: methods.join(', ') },
});

const paused = (ms: number): Refusal => ({
  status: 429,
  message: 'a wrong token was given a moment ago',
  headers: { 'Retry-After': String(Math.ceil(ms / 1000)) },
});
