// OneTrust: a query string with `groups=C0001:1,C0002:0`. It is there before anybody has answered; another cookie says when
// the banner was closed. What is decoded too early could be made to say something else by the address in `landingPath`.

import type { Platform } from './index';

const onetrust: Platform = {
  cookie: 'OptanonConsent',
  read(value, { cookie, decoded, fields }) {
    const { groups = '', AwaitingReconsent } = fields(value, '&', '=');
    const closed = decoded(cookie('OptanonAlertBoxClosed'));
    return closed && AwaitingReconsent !== 'true' && { answers: fields(decoded(groups), ',', ':'), time: closed };
  },
};
export default onetrust;
