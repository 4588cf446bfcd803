/** A promise with its ends in hand (`Promise.withResolvers` needs Node 22). */
export interface Deferred<T> {
  /** Settled by the first call of one of the two. */
  readonly promise: Promise<T>;
  /** Does nothing once it is settled. */
  resolve(value: T): void;
  /** Does nothing once it is settled. A rejection that nobody listens to ends the process. */
  reject(error: unknown): void;
}

/** Makes one. Later calls of `resolve` and `reject` do nothing. */
export const deferred = <T>(): Deferred<T> => {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve: (value) => resolve(value), reject: (error) => reject(error) };
};
