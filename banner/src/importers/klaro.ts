// Klaro: JSON, one boolean for each service. No date.

import type { Platform } from './index';

const klaro: Platform = { cookie: 'klaro', read: (value, { decoded, json }) => ({ answers: json(decoded(value)) }) };
export default klaro;
