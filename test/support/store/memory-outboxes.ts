export { MemoryOutboxes, type OutboxCommit } from '../../../src/connector/testing/durable-sink/memory-outboxes.js';
