// Meta Pixel. Its snippet does nothing when `fbq` is there already, so nothing can be queued before it: its script is held
// until it is granted, and what holds is told as soon as there is somebody to hear it.

import type { Signal } from './index';

const meta: Signal = ({ states, call }) => () => call('fbq', 'consent', states('grant', 'revoke').consent);
export default meta;
