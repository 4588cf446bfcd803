import { checkSourceDefinition } from './check-definition.js';
import type { Source, SourceDefinition } from './source.js';
import type { OpenOptions } from './standalone/open-options.js';
import { openSource } from './standalone/standalone-source.js';

/**
 * Adds `open` to a source's definition, so that it can be used without an engine as well.
 *
 * ```ts
 * const readings = (device: Device): Source<number> =>
 *   defineSource<number>({
 *     name: 'readings',
 *     claims: [`device ${device.id}`],
 *     defaultGuarantee: 'none',
 *     onError: 'fail',
 *     refuse: (guarantee) => (guarantee === 'none' ? undefined : new MillraceError('GUARANTEE_UNSUPPORTED', 'a reading comes once')),
 *     createReader: async () => new DeviceReader(device),
 *   });
 * ```
 *
 * Nothing is opened by it. One that can go on where a commit stands takes `restored` of the context, and refuses nothing.
 *
 * @throws MillraceError INVALID_OPTIONS for what is no definition, which types would refuse
 */
export const defineSource = <T>(definition: SourceDefinition<T>): Source<T> => {
  checkSourceDefinition(definition);
  return Object.freeze({
    name: definition.name,
    claims: definition.claims,
    claimScope: definition.claimScope,
    defaultGuarantee: definition.defaultGuarantee,
    onError: definition.onError,
    // called on the definition, which may be an object of a class
    refuse: (guarantee) => definition.refuse(guarantee),
    deduplication: definition.deduplication,
    needsStore: definition.needsStore,
    spread: definition.spread,
    claimsOf: (partition) => definition.claimsOf?.(partition) ?? definition.claims,
    ...(definition.load && { load: definition.load.bind(definition) }),
    createReader: (context) => definition.createReader(context),
    open: (options: OpenOptions = {}) => openSource(definition, options),
  } satisfies Source<T>);
};
