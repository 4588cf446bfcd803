export { settlesWithin } from '../../src/connector/testing/settles-within.js';
