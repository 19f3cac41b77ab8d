// Microsoft Advertising (UET): one key, told before the tag loads and after each decision, through its queue.

import type { Signal } from './index';

const microsoftUet: Signal = ({ states, push }) => (decided) => push('uetq', ['consent', decided ? 'update' : 'default', states('granted', 'denied')]);
export default microsoftUet;
