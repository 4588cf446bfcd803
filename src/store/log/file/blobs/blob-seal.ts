import { createHash } from 'node:crypto';

const MAGIC = Buffer.from('millrBLB');
const LENGTH_BYTES = 8;
const DIGEST_BYTES = 32;

/** Bytes of a seal. */
export const SEAL_BYTES = MAGIC.byteLength + LENGTH_BYTES + DIGEST_BYTES;

/** What stands behind the bytes of a blob: magic 8 | their length 8, little-endian | their SHA-256 32. */
export class BlobSeal {
  readonly #hash = createHash('sha256');
  #length = 0;

  /** The next bytes. */
  add(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.#length += bytes.byteLength;
  }

  /** Of all that was added; called once. */
  bytes(): Buffer {
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeBigUInt64LE(BigInt(this.#length));
    return Buffer.concat([MAGIC, length, this.#hash.digest()]);
  }
}
