export { DurableSinkDriver } from '../../../src/connector/testing/durable-sink/durable-sink-driver.js';
