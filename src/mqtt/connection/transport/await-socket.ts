import type { Socket } from 'node:net';
import { deferred } from '../../../internal/deferred.js';
import type { ServerAddress } from '../options/mqtt-connection-options.js';
import { StreamTransport } from './stream-transport.js';
import type { Transport } from './transport.js';
import { connectError, withAddresses } from './transport-error.js';

/** Waits until a socket that is connecting says that it is ready, and makes it a Transport. The signal cuts it. */
export async function awaitSocket(
  socket: Socket,
  readyEvent: 'connect' | 'secureConnect',
  request: { readonly address: ServerAddress; readonly signal: AbortSignal },
): Promise<Transport> {
  const { address, signal } = request;
  const opened = deferred<void>();
  const onReady = (): void => opened.resolve();
  const onError = (error: unknown): void => opened.reject(connectError(error, address));
  const onClose = (): void => onError(new Error('closed by the peer'));
  const said: Error[] = [];
  const onSaid = (_ip: string, _port: number, _family: number, error: Error): void => void said.push(error);
  const onAbort = (): void => opened.reject(withAddresses(signal.reason, said));
  socket.setNoDelay(true);
  socket.once(readyEvent, onReady);
  socket.once('close', onClose);
  socket.on('error', onError);
  socket.on('connectionAttemptFailed', onSaid);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    await opened.promise;
    return new StreamTransport(socket, address);
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    socket.off(readyEvent, onReady);
    socket.off('close', onClose);
    socket.off('connectionAttemptFailed', onSaid);
    signal.removeEventListener('abort', onAbort);
  }
}
