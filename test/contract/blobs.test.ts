import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BlobHarness, blobCases } from '../../src/connector/testing/index.js';
import { FileBlobs } from '../../src/store/log/file/blobs/file-blobs.js';
import { MemoryBlobs } from '../../src/store/log/memory/memory-blobs.js';
import { PATIENCE_MS } from '../support/limits.js';
import { tempDir } from '../support/temp-dir.js';
import { runCases } from './run-cases.js';

const blobContract = (name: string, harness: BlobHarness): void =>
  runCases(`the contract of a place for snapshots: ${name}`, blobCases({ patienceMs: PATIENCE_MS, ...harness }));

blobContract('memory', {
  start: async () => {
    const blobs = new MemoryBlobs();
    return { blobs, again: async () => blobs, stop: () => {} };
  },
  limits: { damage: 'nobody reaches the memory' },
});

blobContract('files', {
  start: async () => {
    const dir = tempDir('blobs');
    const change = async (name: string, by: (bytes: Buffer) => void): Promise<void> => {
      const bytes = readFileSync(join(dir, name));
      by(bytes);
      writeFileSync(join(dir, name), bytes);
    };
    return {
      blobs: await FileBlobs.open(dir),
      again: () => FileBlobs.open(dir),
      damage: (name) => change(name, (bytes) => bytes.writeUInt8(bytes.readUInt8(1_500_000) ^ 1, 1_500_000)),
      cut: async (name) => truncateSync(join(dir, name), 1_000_000),
      stop: () => {},
    };
  },
  limits: {},
});
