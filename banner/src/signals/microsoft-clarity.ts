// Microsoft Clarity, consent API version 2. Its snippet keeps a function that is there already, with what it has queued.

import type { Signal } from './index';

const microsoftClarity: Signal = ({ states, call }) => () => {
  const page = window as any;
  page.clarity ||= function () {
    (page.clarity.q ||= []).push(arguments);
  };
  call('clarity', 'consentv2', states('granted', 'denied'));
};
export default microsoftClarity;
