import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { SeededRandom } from '../seeded-random.js';
import type { RecordedCall } from './recorded-calls.js';

/** Disks write these whole or not at all. */
const SECTOR = 512;

type Node = DiskFile | DiskDirectory;

/** Whether a change that was not flushed is there when the power has failed. */
type Survives = () => boolean;

type Change = { readonly offset: number; readonly bytes: Buffer } | { readonly length: number };

interface Pending {
  readonly change: Change;
  /** It was written through to the disk, and what came before it in the same file need not be there. */
  through: boolean;
}

/** A file of which a part is not on the disk yet. */
class DiskFile {
  #durable: Buffer = Buffer.alloc(0);
  #pending: Pending[] = [];

  change(change: Change): void {
    this.#pending.push({ change, through: false });
  }

  flush(): void {
    this.#durable = this.cached();
    this.#pending = [];
  }

  /** The change that came last is on the disk. */
  flushLast(): void {
    const last = this.#pending.at(-1);
    if (last !== undefined) last.through = true;
    if (this.#pending.every(({ through }) => through)) this.flush();
  }

  /** What those read who ask the system. */
  cached(): Buffer {
    return changed(
      this.#durable,
      this.#pending.map(({ change }) => change),
    );
  }

  /** What a disk may have: of what was not flushed, each sector or not, and the length that it would have had or not. */
  left(survives: Survives, random: SeededRandom): Buffer {
    const left = this.#pending.flatMap(({ change, through }) =>
      through ? [change] : sectors(change).filter(survives),
    );
    const bytes = changed(this.#durable, left);
    const whole = this.cached().byteLength;
    return whole > bytes.byteLength && random.chance(0.5) ? changed(bytes, [{ length: whole }]) : bytes;
  }
}

function sectors(change: Change): Change[] {
  if (!('bytes' in change)) return [change];
  const { offset, bytes } = change;
  const found: Change[] = [];
  for (let start = 0; start < bytes.byteLength; ) {
    const end = Math.min(bytes.byteLength, start + SECTOR - ((offset + start) % SECTOR));
    found.push({ offset: offset + start, bytes: bytes.subarray(start, end) });
    start = end;
  }
  return found;
}

function changed(file: Buffer, changes: readonly Change[]): Buffer {
  let result: Buffer = Buffer.from(file);
  for (const change of changes) {
    if ('length' in change) result = resized(result, change.length);
    else {
      const { offset, bytes } = change;
      result = resized(result, Math.max(result.byteLength, offset + bytes.byteLength));
      bytes.copy(result, offset);
    }
  }
  return result;
}

function resized(file: Buffer, length: number): Buffer {
  if (file.byteLength === length) return file;
  const result = Buffer.alloc(length);
  file.copy(result);
  return result;
}

/** A name that goes, one that comes, or both at once. */
interface NameChange {
  readonly gone?: string;
  readonly come?: { readonly name: string; readonly node: Node };
}

/** A directory of which some names are not on the disk yet. */
class DiskDirectory {
  #durable = new Map<string, Node>();
  #pending: NameChange[] = [];

  change(change: NameChange): void {
    this.#pending.push(change);
  }

  flush(): void {
    this.#durable = this.cached();
    this.#pending = [];
  }

  cached(): Map<string, Node> {
    return renamed(this.#durable, this.#pending);
  }

  left(survives: Survives): Map<string, Node> {
    return renamed(this.#durable, this.#pending.filter(survives));
  }
}

function renamed(names: ReadonlyMap<string, Node>, changes: readonly NameChange[]): Map<string, Node> {
  const result = new Map(names);
  for (const { gone, come } of changes) {
    if (gone !== undefined) result.delete(gone);
    if (come !== undefined) result.set(come.name, come.node);
  }
  return result;
}

interface OpenFile {
  readonly node: Node;
  /** A write to it is durable when it returns. */
  readonly writesThrough: boolean;
  position: number;
}

/** What a disk has below a directory: the bytes of files by their paths, undefined for directories, which come before what is in them. */
export type DiskImage = ReadonlyMap<string, Buffer | undefined>;

/**
 * Files and directories as a process changes them, and what of that is on the disk for certain: bytes behind a flush of their file, names behind
 * a flush of their directory, and nothing else.
 */
export class DiskTree {
  readonly #root = new DiskDirectory();
  readonly #open = new Map<number, OpenFile>();
  /** What is being written through to the disk. */
  #through: DiskFile | undefined;

  /** Another process goes on: the files that the one before had open are closed. */
  begin(): void {
    this.#open.clear();
    this.#through = undefined;
  }

  /**
   * Does what a call did below `root`; a write through to the disk is under way then, until `settle`.
   * @returns whether it changed something, or made it durable
   */
  play(call: RecordedCall, root: string): boolean {
    const paths = call.paths.map((path) => relative(root, path));
    if (call.name === 'openat') return this.#openat(call, paths[0] ?? '');
    if (call.paths.length > 0) return !paths.some((path) => path.startsWith('..')) && this.#name(call.name, paths);
    const file = this.#open.get(call.fd);
    return file !== undefined && this.#change(call, file);
  }

  /** The write that is under way has returned. @returns whether one was */
  settle(): boolean {
    const wasUnderWay = this.#through !== undefined;
    this.#through?.flushLast();
    this.#through = undefined;
    return wasUnderWay;
  }

  /** What the system has in memory, for a process that comes next. */
  cached(): DiskImage {
    return imageOf(
      this.#root,
      (directory) => directory.cached(),
      (file) => file.cached(),
    );
  }

  /** What a disk may have when the power fails now. */
  afterPowerLoss(random: SeededRandom): DiskImage {
    // a change is often there as a whole or not at all, and sometimes in parts
    const survives = (chance: number) => (): boolean => random.chance(chance);
    const chance = (): number => random.pick([0, 0.5, 0.95, 1]);
    return imageOf(
      this.#root,
      (directory) => directory.left(survives(chance())),
      (file) => file.left(survives(chance()), random),
    );
  }

  #openat({ flags, result: fd }: RecordedCall, path: string): boolean {
    this.#open.delete(fd);
    if (path.startsWith('..')) return false;
    const found = this.#find(path);
    const node = found ?? new DiskFile();
    if (found === undefined) this.#directoryOf(path).change({ come: { name: nameOf(path), node } });
    assert.ok((!flags.has('O_TRUNC') && !flags.has('O_APPEND')) || path.endsWith('owner.lock'));
    this.#open.set(fd, { node, writesThrough: flags.has('O_DSYNC') || flags.has('O_SYNC'), position: 0 });
    return found === undefined;
  }

  #name(name: string, [path = '', to = '']: readonly string[]): boolean {
    const gone = nameOf(path);
    const directory = this.#directoryOf(path);
    const node = this.#find(path);
    if (name.startsWith('mkdir')) directory.change({ come: { name: gone, node: new DiskDirectory() } });
    else if (name.startsWith('unlink') || name === 'rmdir') directory.change({ gone });
    else {
      assert.ok(
        name.startsWith('rename') && node !== undefined && dirname(path) === dirname(to),
        `${name} ${path} ${to}`,
      );
      directory.change({ gone, come: { name: nameOf(to), node } });
    }
    return true;
  }

  #change({ name, bytes, number, result }: RecordedCall, file: OpenFile): boolean {
    const { node } = file;
    if (name === 'fsync' || name === 'fdatasync') node.flush();
    else if (name === 'lseek') file.position = result;
    else {
      assert.ok(node instanceof DiskFile);
      if (name === 'ftruncate') node.change({ length: number });
      else this.#write(node, file, bytes, name.startsWith('p') ? number : undefined);
    }
    return name !== 'lseek';
  }

  #write(node: DiskFile, file: OpenFile, bytes: Buffer, at: number | undefined): void {
    node.change({ offset: at ?? file.position, bytes });
    if (at === undefined) file.position += bytes.byteLength;
    if (file.writesThrough) this.#through = node;
  }

  #find(path: string): Node | undefined {
    if (path === '') return this.#root;
    const above = this.#find(parentOf(path));
    return above instanceof DiskDirectory ? above.cached().get(nameOf(path)) : undefined;
  }

  #directoryOf(path: string): DiskDirectory {
    const found = this.#find(parentOf(path));
    assert.ok(found instanceof DiskDirectory, `${path} is in no directory that is known`);
    return found;
  }
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));

function imageOf(
  directory: DiskDirectory,
  names: (directory: DiskDirectory) => ReadonlyMap<string, Node>,
  bytes: (file: DiskFile) => Buffer,
  above = '',
): DiskImage {
  const image = new Map<string, Buffer | undefined>();
  for (const [name, node] of names(directory)) {
    const path = join(above, name);
    if (node instanceof DiskFile) image.set(path, bytes(node));
    else {
      image.set(path, undefined);
      for (const [below, content] of imageOf(node, names, bytes, path)) image.set(below, content);
    }
  }
  return image;
}

/** Writes an image below a directory. */
export function putImage(root: string, image: DiskImage): void {
  for (const [path, bytes] of image) {
    if (bytes === undefined) mkdirSync(join(root, path), { mode: 0o700 });
    else writeFileSync(join(root, path), bytes, { mode: 0o600 });
  }
}
