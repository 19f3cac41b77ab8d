// Axeptio: JSON, one boolean for each vendor by its name in their back office; `$$completed` once the visitor has answered.

import type { Platform } from './index';

const axeptio: Platform = {
  cookie: 'axeptio_cookies',
  read(value, { decoded, json }) {
    const found = json(decoded(value));
    return found.$$completed === true && { answers: found, time: found.$$date || '' };
  },
};
export default axeptio;
