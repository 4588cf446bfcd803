export { MemoryOutboxes, type OutboxCommit } from '../../../src/testing/durable-sink/memory-outboxes.js';
