/** The part of the package that we use; it has no types of its own. */
declare module 'fs-native-extensions' {
  /** Takes an exclusive lock of the whole file, which belongs to the open file. False when another has it. */
  export function tryLock(fd: number): boolean;
}
