import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Installation, installIntoCache } from './install-into-cache.js';
import { canInstall, install, isInstalled } from './system-packages.mjs';

/** Brokers that `millrace check` is tried with beside those that the other tests have. */
export type CheckBroker = 'mochi' | 'hivemq' | 'ejabberd' | 'rabbitmq';

interface Broker {
  /** What is needed to start it; undefined: it is not here. */
  find(): string | undefined;
  /** How a person gets it. */
  readonly howToInstall: string;
}

interface Cached extends Broker {
  /** Without this program it cannot be installed here. */
  readonly by: string;
  readonly installation: Installation;
}

interface Packaged extends Broker {
  /** Debian's. */
  readonly debian: string;
}

/** Git ignores it. */
const CACHE = fileURLToPath(new URL('../build/check-brokers', import.meta.url));
/** What they are made from. */
const SOURCES = fileURLToPath(new URL('../test/support/brokers', import.meta.url));
const MOCHI = join(CACHE, 'mochi-2.7.9');
const HIVEMQ = join(CACHE, 'hivemq-2025.5');
const RABBITMQ = '/usr/lib/rabbitmq/bin/rabbitmq-server';
const ENSURE = 'node --import tsx scripts/ensure-check-brokers.ts';

const CACHED: Readonly<Record<'mochi' | 'hivemq', Cached>> = {
  mochi: {
    find: () => (existsSync(MOCHI) ? MOCHI : undefined),
    by: 'go',
    howToInstall: `${ENSURE}, which needs go`,
    installation: {
      target: MOCHI,
      made: 'mochi',
      commandFor: (folder) => ['go', 'build', '-o', join(folder, 'mochi'), '.'],
      cwd: join(SOURCES, 'mochi'),
    },
  },
  hivemq: {
    find: () => (existsSync(HIVEMQ) && isInstalled('java') ? HIVEMQ : undefined),
    by: 'mvn',
    howToInstall: `${ENSURE}, which needs mvn and java`,
    installation: {
      target: HIVEMQ,
      made: 'lib',
      commandFor: (folder) => ['mvn', '-q', '-B', 'dependency:copy-dependencies', `-DoutputDirectory=${folder}/lib`],
      cwd: join(SOURCES, 'hivemq'),
    },
  },
};

const PACKAGED: Readonly<Record<'ejabberd' | 'rabbitmq', Packaged>> = {
  ejabberd: {
    // the folder of Erlang programs that it is one of
    find: () => (isInstalled('erl') ? erlangFolder('ejabberd-') : undefined),
    debian: 'ejabberd',
    howToInstall: 'apt-get install ejabberd',
  },
  rabbitmq: {
    find: () => (existsSync(RABBITMQ) && isInstalled('epmd') ? RABBITMQ : undefined),
    debian: 'rabbitmq-server',
    howToInstall: 'apt-get install rabbitmq-server',
  },
};

const BROKERS: Readonly<Record<CheckBroker, Broker>> = { ...CACHED, ...PACKAGED };

/** A program or a folder to start it from; undefined where it is not here. */
export const findCheckBroker = (name: CheckBroker): string | undefined => BROKERS[name].find();

/** How a person gets it. */
export const howToInstall = (name: CheckBroker): string => BROKERS[name].howToInstall;

/** Installs what is missing and can be installed here. Gives why others could not be. */
export function installCheckBrokers(): readonly string[] {
  const packages = Object.values(PACKAGED).filter(({ find }) => find() === undefined);
  if (packages.length > 0 && canInstall) install(packages.map(({ debian }) => debian));
  const missing = Object.values(CACHED).filter(({ find, by }) => find() === undefined && isInstalled(by));
  return missing.flatMap(({ installation }) => {
    console.error(`Installing ${installation.target}.`);
    return installIntoCache(installation) ?? [];
  });
}

function erlangFolder(start: string): string | undefined {
  const folders = existsSync('/usr/lib') ? readdirSync('/usr/lib').map((name) => join('/usr/lib', name)) : [];
  return folders.filter((folder) => folder.endsWith('-linux-gnu')).find((folder) => hasEntry(folder, start));
}

const hasEntry = (folder: string, start: string): boolean => readdirSync(folder).some((name) => name.startsWith(start));
