// Cookiebot: looks like an object of JavaScript, one boolean for each category. A choice that nobody made is marked: by its
// stamp (-1: the visitor's country is not asked) or its method (implied by going on).

import type { Platform } from './index';

const cookiebot: Platform = {
  cookie: 'CookieConsent',
  read(value, { decoded, fields }) {
    const answers = fields(decoded(value).slice(1, -1), ',', ':');
    const { stamp = "'-1'", method = "'explicit'", utc } = answers;
    return stamp !== "'-1'" && stamp !== "'0'" && method === "'explicit'" && { answers, time: +utc! };
  },
};
export default cookiebot;
