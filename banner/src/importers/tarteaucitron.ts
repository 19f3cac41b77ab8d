// tarteaucitron: `!service=true!other=false!third=wait`. No date.

import type { Platform } from './index';

const tarteaucitron: Platform = {
  cookie: 'tarteaucitron',
  read: (value, { decoded, fields }) => ({ answers: fields(decoded(value), '!', '=') }),
};
export default tarteaucitron;
