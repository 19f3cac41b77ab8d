// Didomi: JSON in base64, the ids of purposes and vendors that were accepted and refused. What was never answered is in
// neither list. The newer binary token (didomi_dcs) needs Didomi's own tables and is not read.

import type { Platform } from './index';

const didomi: Platform = {
  cookie: 'didomi_token',
  read(value, { decoded, json }) {
    const { purposes, vendors, updated = '' } = json(atob(decoded(value)));
    const list = (answer: 'enabled' | 'disabled', yes: boolean): [string, boolean][] =>
      [purposes, vendors].flatMap((one) => (one?.[answer] || []).map((id: string) => [id, yes]));
    return (purposes || vendors) && { answers: Object.fromEntries([...list('enabled', true), ...list('disabled', false)]), time: updated };
  },
};
export default didomi;
