/* Loaded before tsx (`node --import`): applies the patches that MUTANT_PATCHES holds as JSON, `{ root, list }`. */
import { register } from 'node:module';

register('./mutant-hooks.mjs', { parentURL: import.meta.url, data: JSON.parse(process.env.MUTANT_PATCHES) });
