import { lookup } from 'node:dns/promises';
import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { BlockList, connect, isIPv6, type Server } from 'node:net';
import { isMainThread } from 'node:worker_threads';
import { MillraceError } from '../errors/millrace-error.js';
import type { ResolvedServeOptions } from './serve-options.js';

/** What a server listens at. */
export type ListeningPlace =
  | { readonly kind: 'address'; readonly address: string; readonly port: number; readonly loopback: boolean }
  | { readonly kind: 'path'; readonly path: string };

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** Whether only this machine reaches an address. */
const isLoopback = (address: string): boolean => LOOPBACK.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');

/** What options name; the address of a name is looked up, so that it is judged by what it is. @throws MillraceError INVALID_OPTIONS */
export const placeOf = async ({ at }: ResolvedServeOptions): Promise<ListeningPlace> => {
  if ('path' in at) return { kind: 'path', path: at.path };
  try {
    const { address } = await lookup(at.host);
    return { kind: 'address', address, port: at.port, loopback: isLoopback(address) };
  } catch (cause) {
    throw new MillraceError('INVALID_OPTIONS', `serve: host ${at.host} has no address`, { cause });
  }
};

/** Begins to listen; gives the port. @throws MillraceError INVALID_STATE when that is taken, or not ours to listen at */
export const listenAt = async (server: Server, place: ListeningPlace): Promise<number | undefined> => {
  if (place.kind === 'path') await removeLeftSocket(place.path);
  await listening(server, place);
  // a process may have threads that cannot set what a new file may be
  if (place.kind === 'path') chmodSync(place.path, 0o600);
  const bound = server.address();
  return typeof bound === 'object' ? bound?.port : undefined;
};

const listening = (server: Server, place: ListeningPlace): Promise<void> =>
  new Promise((resolve, reject) => {
    const onError = (cause: Error): void => reject(cannotListen(place, cause));
    server.once('error', onError);
    server.once('listening', () => {
      server.off('error', onError);
      // a connection that cannot be taken, since the process has no descriptor left, is the client's loss alone
      server.on('error', () => {});
      resolve();
    });
    if (place.kind === 'path') withoutOthers(() => server.listen(place.path));
    else server.listen({ host: place.address, port: place.port });
  });

/** The socket is there before it can be given its mode: nobody may connect in between. It is made before `listen` returns. */
const withoutOthers = (listen: () => void): void => {
  const before = isMainThread ? process.umask(0o177) : undefined;
  try {
    listen();
  } finally {
    if (before !== undefined) process.umask(before);
  }
};

const cannotListen = (place: ListeningPlace, cause: Error): MillraceError => {
  const where = place.kind === 'path' ? place.path : `${place.address}, port ${place.port}`;
  const taken = Object(cause).code === 'EADDRINUSE';
  const why = taken ? 'another process listens there' : cause.message;
  return new MillraceError('INVALID_STATE', `cannot listen at ${where}: ${why}`, {
    cause,
    advice: taken
      ? 'Stop that process, or choose another port.'
      : 'Choose an address and a port that this user may have.',
    retryable: true,
  });
};

/** A process that was killed leaves its socket, which nobody answers at. What is no socket, or is answered at, stays. */
const removeLeftSocket = async (path: string): Promise<void> => {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() !== true) return;
  if (await isRefused(path)) unlinkSync(path);
};

const isRefused = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', (error) => resolve(Object(error).code === 'ECONNREFUSED'));
  });
