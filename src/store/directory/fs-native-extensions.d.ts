/** The part of the package that we use; it has no types of its own. */
declare module 'fs-native-extensions' {
  /**
   * Takes a lock of the whole file, which belongs to the open file: an exclusive one, or one that others may share. Changes the one that
   * the open file has. False when another is in the way.
   */
  export function tryLock(fd: number, options?: { readonly shared?: boolean }): boolean;
}
