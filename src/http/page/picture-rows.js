/** @import { Picture } from './picture-model.js' */
import { perSecond } from './format.js';

/**
 * A picture as the rows of a table, by what is the same at the next look.
 * @param {Picture} picture
 * @returns {readonly (readonly [key: string, cells: readonly string[]])[]}
 */
export const pictureRows = ({ nodes, edges }) => {
  const titles = new Map(nodes.map(({ id, title }) => [id, title]));
  return [...nodes]
    .sort((a, b) => a.layer - b.layer)
    .map(({ id, kind, title, comes, goes, health: { words, held } }) => {
      const after = edges.filter(({ from }) => from === id);
      const leads = after.map(({ to }) => titles.get(to) ?? '').join(', ');
      const rate = goes ?? comes ?? after[0]?.rate;
      return [id, [title, kind, words, rate === undefined ? '' : perSecond(rate), held, leads]];
    });
};
