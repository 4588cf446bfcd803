import type { CollectedOptions } from '../options/collect-options.js';
import { readFileOption } from '../options/read-file-option.js';
import { usageError } from '../options/usage-error.js';
import type { BrokerAddress } from './broker-address.js';

/** The content of the files of `--ca`, `--cert` and `--key`, for every side whose URL is a TLS one. */
export interface TlsFiles {
  /** PEM; undefined: whom Node trusts. */
  readonly ca: Uint8Array | undefined;
  /** PEM; there with `key` or not at all. */
  readonly cert: Uint8Array | undefined;
  readonly key: Uint8Array | undefined;
}

/** Reads them. Throws INVALID_OPTIONS when a file is missing, half of a pair is, or no URL would use them. */
export function readTlsFiles(options: CollectedOptions, sides: readonly BrokerAddress[]): TlsFiles {
  const given = ['ca', 'cert', 'key'].find((name) => options.value(name) !== undefined);
  if (given !== undefined && !sides.some((side) => side.secure)) {
    throw usageError(`--${given} needs an mqtts or wss URL in --from or --to`, given);
  }
  const hasCert = options.value('cert') !== undefined;
  if (hasCert !== (options.value('key') !== undefined)) {
    const missing = hasCert ? 'key' : 'cert';
    throw usageError(`--cert and --key belong together: --${missing} is missing`, missing);
  }
  return {
    ca: readPem(options, 'ca'),
    cert: readPem(options, 'cert'),
    key: readPem(options, 'key'),
  };
}

/** Node takes a file without any certificate for an empty list and then trusts nobody: that is said here instead. */
function readPem(options: CollectedOptions, name: string): Uint8Array | undefined {
  const content = readFileOption(options, name);
  if (content !== undefined && !Buffer.from(content).includes('-----BEGIN ')) {
    throw usageError(`--${name}: ${options.value(name)} is not a PEM file`, name);
  }
  return content;
}
