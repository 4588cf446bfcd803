/* What a sink is opened with, without a store and with one: loaded together, when the first is opened. */
export { openWriter } from './direct/open-writer.js';
export { openWriter as openOutboxWriter } from './outbox/open-writer.js';
