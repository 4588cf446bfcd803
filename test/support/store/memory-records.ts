export { MemoryRecords } from '../../../src/testing/source/memory-records.js';
