import type { Place } from './problem.js';

/** A value of a file: YAML without tags, its aliases followed, its scalars as the text that stands there. */
export type FileValue = FileScalar | FileList | FileMap;

export interface FileScalar {
  readonly kind: 'scalar';
  readonly place: Place;
  /** Without quotes, and with no variable replaced yet. */
  readonly text: string;
  /** It stood without quotes, so that an empty one, `~` and `null` are no text. */
  readonly plain: boolean;
}

export interface FileList {
  readonly kind: 'list';
  readonly place: Place;
  readonly items: readonly FileValue[];
}

export interface FileMap {
  readonly kind: 'map';
  readonly place: Place;
  /** By its key; a key that stood there twice has been told. */
  readonly entries: ReadonlyMap<string, FileEntry>;
}

export interface FileEntry {
  /** Of the key. */
  readonly place: Place;
  readonly value: FileValue;
}
