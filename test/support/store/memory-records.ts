export { MemoryRecords } from '../../../src/connector/testing/source/memory-records.js';
