// vanilla-cookieconsent: JSON, the categories that were accepted. The categories that were asked are the keys of `services`
// (since version 3); before, whatever is not in the list was refused.

import type { Platform } from './index';

const vanillaCookieconsent: Platform = {
  cookie: 'cc_cookie',
  read(value, { decoded, json, names }) {
    const { categories, services, lastConsentTimestamp, consentTimestamp = '' } = json(decoded(value));
    const asked = names.filter((name) => !services || name in services || categories.includes(name));
    return Array.isArray(categories) && {
      answers: Object.fromEntries(asked.map((name) => [name, categories.includes(name)])),
      time: lastConsentTimestamp || consentTimestamp,
    };
  },
};
export default vanillaCookieconsent;
