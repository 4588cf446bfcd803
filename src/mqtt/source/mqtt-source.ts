import { defineSource } from '../../connector/define-source.js';
import type { Source } from '../../connector/source.js';
import { onceLoaded } from '../../internal/once-loaded.js';
import { resolveDeduplication } from './items/deduplicate-by.js';
import type { ResolvedSource } from './options/resolve-source.js';
import { defaultGuaranteeOf, refuseGuarantee } from './refuse-guarantee.js';

/** What opens a source, and with it the connection and its sockets: a process that only builds pipelines does not load them. */
export const loadReader = onceLoaded(() => import('./open-reader.js'));

/** A resolved MQTT source as an engine takes it. */
export const mqttSource = <T>(source: ResolvedSource<T>): Source<T> =>
  defineSource<T>({
    name: source.name,
    claims: source.claims,
    claimScope: 'engine',
    defaultGuarantee: defaultGuaranteeOf(source),
    refuse: (guarantee) => refuseGuarantee(source, guarantee),
    onError: source.onError,
    spread: spreadOf(source),
    claimsOf: (partition) => source.inPartition(partition).claims,
    deduplication: source.deduplicateBy && resolveDeduplication(source.deduplicateBy),
    load: loadReader,
    createReader: async (context) => (await loadReader()).openReader(source, context),
  });

/** Each partition has a session with a part of the messages, but where the first one reads all. */
const spreadOf = ({ spread }: ResolvedSource<unknown>): Source<unknown>['spread'] => {
  if (spread === undefined) return 'unsaid';
  return spread === 'first' ? 'first' : 'each';
};
