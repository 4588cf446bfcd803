export { settlesWithin } from '../../src/testing/settles-within.js';
