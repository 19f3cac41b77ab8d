// Complianz (WordPress): one cookie for each category, `allow` or `deny`; what the banner was left with is kept in another.
// No date.

import type { Platform } from './index';

const complianz: Platform = {
  cookie: 'cmplz_banner-status',
  read: (value, { cookie, names }) =>
    value === 'dismissed' && { answers: Object.fromEntries(names.map((name) => [name, cookie('cmplz_' + name)])) },
};
export default complianz;
