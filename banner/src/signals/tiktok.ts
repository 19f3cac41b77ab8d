// TikTok Pixel: cookies and events are on hold from the start. Before its snippet there is its queue, after it its methods.

import type { Signal } from './index';

const tiktok: Signal = ({ states, push, call }) => (decided) => {
  const method = decided ? states('grantConsent', 'revokeConsent').consent! : 'holdConsent';
  if (typeof (window as any).ttq?.[method] === 'function') call('ttq.' + method);
  else push('ttq', [[method]]);
};
export default tiktok;
