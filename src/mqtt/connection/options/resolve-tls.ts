import { createPrivateKey } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { ConnectOptions } from './connect-options.js';
import type { TlsSettings } from './mqtt-connection-options.js';
import type { OptionProblems } from './option-problems.js';
import { tlsOptions } from './tls-options.js';

/** Those that only TLS has a use for. */
export const TLS_NAMES = [
  'ca',
  'cert',
  'key',
  'passphrase',
  'servername',
  'ALPNProtocols',
  'rejectUnauthorized',
  'minVersion',
] as const satisfies readonly (keyof ConnectOptions)[];

function isList<T>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value);
}

/** TLS settings. They are problems where no server speaks TLS, and so are certificates and keys that OpenSSL cannot use. */
export function resolveTls(options: ConnectOptions, secure: boolean, problems: OptionProblems): TlsSettings {
  const settings: TlsSettings = {
    ca: options.ca === undefined ? undefined : isList(options.ca) ? options.ca : [options.ca],
    cert: options.cert,
    key: options.key,
    passphrase: options.passphrase,
    servername: options.servername,
    alpnProtocols: options.ALPNProtocols,
    rejectUnauthorized: options.rejectUnauthorized ?? true,
    minVersion: options.minVersion ?? 'TLSv1.2',
  };
  if (!secure) {
    const given = TLS_NAMES.filter((name) => options[name] !== undefined);
    if (given.length > 0)
      problems.add(`${given.join(', ')}: for TLS only, and the broker URL does not ask for TLS (mqtts://, wss://)`);
    return settings;
  }
  if ((options.cert === undefined) !== (options.key === undefined)) problems.add('cert and key must be given together');
  else checkUsable(settings, problems);
  // OpenSSL takes it, and then trusts nobody
  if (settings.ca?.some((one) => !Buffer.from(one).includes('CERTIFICATE')))
    problems.add('ca has no certificate in it: it must be the text of a PEM file');
  return settings;
}

function checkUsable(settings: TlsSettings, problems: OptionProblems): void {
  try {
    createSecureContext(tlsOptions(settings, 'localhost'));
  } catch (error) {
    problems.add(ofKey(settings) ?? `ca, cert, key or passphrase cannot be used: ${textOf(error)}`);
  }
}

/** OpenSSL says "bad decrypt", or asks the terminal. */
function ofKey({ key, passphrase }: TlsSettings): string | undefined {
  const isEncrypted = key !== undefined && Buffer.from(key).includes('ENCRYPTED');
  if (!isEncrypted) return undefined;
  if (passphrase === undefined) return 'key is encrypted: give its passphrase';
  if (!opens(key, passphrase)) return 'passphrase is not that of key';
  return undefined;
}

function opens(key: string | Uint8Array, passphrase: string): boolean {
  try {
    createPrivateKey({ key: Buffer.from(key), passphrase });
    return true;
  } catch {
    return false;
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
