export { DurableSinkDriver } from '../../../src/testing/durable-sink/durable-sink-driver.js';
