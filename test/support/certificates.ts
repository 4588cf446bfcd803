import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { tempDir } from './temp-dir.js';

/** A certificate with its key: paths for a broker, PEM text for a client. */
export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: string;
  readonly key: string;
}

/** What TLS tests need, made anew for each test file. */
export interface Certificates {
  readonly caFile: string;
  readonly ca: string;
  /** For `localhost` and 127.0.0.1. */
  readonly server: Certificate;
  /** By the same authority, for another host. */
  readonly wrongHost: Certificate;
  /** By the same authority, no longer valid. */
  readonly expired: Certificate;
  readonly client: Certificate;
  /** A certificate by nobody but itself. */
  readonly selfSigned: Certificate;
}

const run = promisify(execFile);
const openssl = (...args: readonly string[]): Promise<unknown> => run('openssl', args);
const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** Makes an authority and certificates with the openssl command, in a directory that is removed with the test file. */
export async function makeCertificates(): Promise<Certificates> {
  const dir = tempDir('tls');
  const ca = await selfSigned(dir, 'ca', 'DNS:millrace test authority');
  const [server, wrongHost, expired, client, alone] = await Promise.all([
    signed(dir, 'server', { san: 'DNS:localhost,IP:127.0.0.1', issuer: ca }),
    signed(dir, 'wrong-host', { san: 'DNS:elsewhere.example', issuer: ca }),
    signed(dir, 'expired', { san: 'DNS:localhost,IP:127.0.0.1', issuer: ca, until: '20200102000000Z' }),
    signed(dir, 'client', { san: 'DNS:client', issuer: ca }),
    selfSigned(dir, 'alone', 'DNS:localhost,IP:127.0.0.1'),
  ]);
  return { caFile: ca.certFile, ca: ca.cert, server, wrongHost, expired, client, selfSigned: alone };
}

async function selfSigned(dir: string, name: string, san: string): Promise<Certificate> {
  const [certFile, keyFile] = [join(dir, `${name}.crt`), join(dir, `${name}.key`)];
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=${san}`];
  await openssl('req', '-x509', ...KEY, '-keyout', keyFile, '-out', certFile, '-days', '2', ...subject);
  return read(certFile, keyFile);
}

interface Signing {
  readonly san: string;
  readonly issuer: Certificate;
  /** Last moment of validity, as `openssl ca` wants it; default in two days. */
  readonly until?: string;
}

/** By `openssl ca`: the only command of openssl 3.0 that can date a certificate back. */
async function signed(dir: string, name: string, { san, issuer, until }: Signing): Promise<Certificate> {
  const file = (ending: string): string => join(dir, `${name}.${ending}`);
  writeFileSync(file('index'), '');
  writeFileSync(file('serial'), `${Buffer.from(name).toString('hex')}\n`);
  writeFileSync(
    file('cnf'),
    [
      '[ca]\ndefault_ca = d',
      `[d]\nnew_certs_dir = ${dir}\ndatabase = ${file('index')}\nserial = ${file('serial')}`,
      'default_md = sha256\npolicy = p\nunique_subject = no\nx509_extensions = x',
      '[p]\ncommonName = supplied',
      `[x]\nsubjectAltName = ${san}`,
    ].join('\n'),
  );
  await openssl('req', ...KEY, '-keyout', file('key'), '-out', file('csr'), '-subj', `/CN=${name}`);
  const dates = until === undefined ? ['-days', '2'] : ['-startdate', '20200101000000Z', '-enddate', until];
  const by = ['-cert', issuer.certFile, '-keyfile', issuer.keyFile];
  await openssl(
    'ca',
    '-batch',
    '-notext',
    '-config',
    file('cnf'),
    '-in',
    file('csr'),
    '-out',
    file('crt'),
    ...by,
    ...dates,
  );
  return read(file('crt'), file('key'));
}

function read(certFile: string, keyFile: string): Certificate {
  return { certFile, keyFile, cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
}
