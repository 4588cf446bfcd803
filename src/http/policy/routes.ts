/** What can be asked of a job. */
export const CONTROL_ACTIONS = ['suspend', 'resume', 'drain', 'restart', 'export'] as const;

export type ControlAction = (typeof CONTROL_ACTIONS)[number];

/** What a path stands for. */
export type Route =
  | { readonly kind: 'live' | 'ready' | 'metrics' | 'jobs' | 'events' | 'letters' }
  | { readonly kind: 'letter-payload'; readonly file: string; readonly offset: number; readonly timeMs: number }
  | { readonly kind: 'page'; readonly file: string }
  | { readonly kind: 'control'; readonly job: string; readonly action: ControlAction };

const PATHS: ReadonlyMap<string, Route> = new Map<string, Route>([
  ['/', { kind: 'page', file: 'index.html' }],
  ['/live', { kind: 'live' }],
  ['/ready', { kind: 'ready' }],
  ['/metrics', { kind: 'metrics' }],
  ['/api/jobs', { kind: 'jobs' }],
  ['/api/events', { kind: 'events' }],
  ['/api/dead-letters', { kind: 'letters' }],
]);

/** What the page consists of besides. */
const PAGE = /^\/page\/([a-z-]+\.(?:css|js|svg))$/;
const PAYLOAD = /^\/api\/dead-letters\/([0-9a-f]{16})-(\d{1,15})-(\d{1,15})\/payload$/;
const CONTROL = /^\/api\/jobs\/([^/]+)\/([a-z]+)$/;

/** Undefined where nothing is. */
export const routeOf = (path: string): Route | undefined =>
  PATHS.get(path) ?? pageOf(path) ?? payloadOf(path) ?? controlOf(path);

const pageOf = (path: string): Route | undefined => {
  const file = PAGE.exec(path)?.[1];
  return file === undefined ? undefined : { kind: 'page', file };
};

const payloadOf = (path: string): Route | undefined => {
  const [, file, offset, timeMs] = PAYLOAD.exec(path) ?? [];
  return file === undefined
    ? undefined
    : { kind: 'letter-payload', file, offset: Number(offset), timeMs: Number(timeMs) };
};

const controlOf = (path: string): Route | undefined => {
  const match = CONTROL.exec(path);
  const action = CONTROL_ACTIONS.find((one) => one === match?.[2]);
  const job = decoded(match?.[1] ?? '');
  return action === undefined || job === undefined ? undefined : { kind: 'control', job, action };
};

const decoded = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
};

/**
 * Whoever asks without a token gets these all the same: of probes, which have none, the status; and the page, which is the same for all and
 * asks for the token.
 */
export const isForAll = ({ kind }: Route): boolean => kind === 'live' || kind === 'ready' || kind === 'page';

/** The methods that it takes, as `Allow` names them. */
export const methodsOf = ({ kind }: Route): readonly string[] => {
  if (kind === 'control') return ['POST'];
  return kind === 'events' ? ['GET'] : ['GET', 'HEAD'];
};
