// Consent guard for nginx with njs 0.7.8 or newer: what consent_server.guard does for Python, for whatever stands behind
// this nginx. How to install it: docs/how-to-guard.md, which says what it does and does not. It sends no policy.
//
// A mistake of its own never breaks a page: it goes to the error log. njs knows no spread and no destructuring, and its
// preloaded lists have no methods of their own.

const LONGEST_LIFE = 33955200; // seconds: 393 days
const DAY = 86400;
const EPOCH = 1577836800; // 2020-01-01, from which days are counted
const REMEMBERED = 40;
const READ_AT_MOST = 65536;
const MOST_NAMES = 300;
const MOST_ADDED = 2048; // bytes of deletions in one response: servers in front give up on large heads
const DEEPEST = 11;
const COOKIE = 'eu-consent';
const MEMORY = 'eu-consent-writes';
const OURS = ['eu-consent', 'eu-consent-outbox', 'eu-consent-writes', 'eu-consent-receipt', 'eu-consent-probe'];
// What the banner writes, and nothing else.
const CHOICE = /^\{"purposes":\{("[a-z0-9][a-z0-9_-]{0,62}":(true|false),?)*\},("services":\{("[a-z0-9][a-z0-9_-]{0,62}":(true|false),?)*\},)?"version":[1-9]\d{0,14},"id":"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}","time":"\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z"\}$/;
const DURATION = /^P(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(\d+H)?(\d+M)?(\d+S)?)?$/;
const PLAIN_DATE = /^([A-Za-z]+, )?\d\d?[ -][A-Za-z]{3}[ -](\d\d)?\d\d \d\d:\d\d:\d\d( GMT| UTC)?$/;
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

const each = (list, deed) => Array.prototype.forEach.call(list, deed);
const trim = (text) => text.replace(/^[ \t]+|[ \t]+$/g, '');
const before = (text, mark) => (text.indexOf(mark) < 0 ? text : text.slice(0, text.indexOf(mark)));
const after = (text, mark) => (text.indexOf(mark) < 0 ? '' : text.slice(text.indexOf(mark) + 1));
const key = (attribute) => trim(before(attribute, '=')).toLowerCase();
const digest = (name) => require('crypto').createHash('sha256').update(name).digest('base64').slice(0, 6).replace(/\+/g, '-').replace(/\//g, '_');
const turned = (list, turn) => list.slice(turn % (list.length || 1)).concat(list.slice(0, turn % (list.length || 1)));

/** What is known of one request. */
function visit(r) {
  const now = Math.floor(Date.now() / 1000);
  const header = (r.headersIn.Cookie || '').slice(0, READ_AT_MOST);
  const sent = {};
  let names = [];
  header.split(';').forEach((pair) => {
    const name = trim(before(trim(pair), '='));
    if (pair.indexOf('=') < 0 || !name || names.length >= MOST_NAMES) return;
    if (names.indexOf(name) < 0) names.push(name);
    sent[' ' + name] = (sent[' ' + name] || []).concat([after(trim(pair), '=')]); // the space: no name is `__proto__`
  });
  const its = { r: r, now: now, header: header, sent: sent, names: names };
  its.host = (r.headersIn.Host || '').toLowerCase().replace(/:\d+$/, '').replace(/\.+$/, '');
  its.path = before(r.variables.request_uri || '/', '?');
  its.https = r.variables.scheme === 'https' || trim(before(r.headersIn['X-Forwarded-Proto'] || '', ',')).toLowerCase() === 'https';
  its.secure = its.https ? '; Secure' : '';
  its.purposes = {};
  each(consent.purposes, (one) => { its.purposes[' ' + one.id] = one; });
  its.choice = readChoice(its);
  readMemory(its);
  return its;
}

const values = (its, name) => its.sent[' ' + name] || [];

function readChoice(its) {
  let newest = null;
  values(its, COOKIE).forEach((text) => {
    let read = null;
    try {
      const spelled = text.length <= 4096 ? decodeURIComponent(text) : '';
      read = CHOICE.test(spelled) ? JSON.parse(spelled) : null;
      if (read && new Date(read.time).toISOString() !== read.time) read = null; // 30 February
    } catch (error) {
      read = null;
    }
    if (!read || Date.parse(read.time) > (its.now + DAY) * 1000 || (newest && newest.time >= read.time)) return;
    read.text = text;
    newest = read;
  });
  if (!newest) return null;
  newest.made = Math.floor(Date.parse(newest.time) / 1000);
  newest.end = endOf(newest.made);
  if (newest.end <= its.now) return null;
  // A yes does not cover what was added to its purpose since.
  const held = (id) => { const one = its.purposes[' ' + id]; return !!one && !one.exempt && one.since <= newest.version; };
  const answers = { purposes: {}, services: {} };
  Object.keys(newest.purposes).filter(held).forEach((id) => { answers.purposes[' ' + id] = newest.purposes[id]; });
  each(consent.services, (one) => {
    if (held(one.purpose) && newest.services && one.id in newest.services) answers.services[' ' + one.id] = newest.services[one.id];
  });
  return { text: newest.text, made: newest.made, end: newest.end, purposes: answers.purposes, services: answers.services };
}

/** The same day so many calendar months later, or the last of that month; never more than 393 days. */
function endOf(made) {
  const parts = DURATION.exec(consent.choice_lifetime).map((part) => parseInt(part, 10) || 0);
  const date = new Date(made * 1000);
  const day = date.getUTCDate();
  date.setUTCMonth(date.getUTCMonth() + 12 * parts[1] + parts[2]);
  if (date.getUTCDate() !== day) date.setUTCDate(0);
  const rest = DAY * (7 * parts[3] + parts[4]) + 3600 * parts[6] + 60 * parts[7] + parts[8];
  return Math.min(Math.floor(date.getTime() / 1000) + rest, made + LONGEST_LIFE);
}

/** What one browser remembers: which choice was set by HTTP, and the day of each cookie's first write. */
function readMemory(its) {
  const value = values(its, MEMORY).filter((one) => /^[\w-]{6}([\w-]{6}[0-9a-z]{3}){0,40}$/.test(one))[0] || '';
  its.mark = value.slice(0, 6) || '------';
  its.days = {};
  for (let at = 6; at < value.length; at += 9) {
    const day = parseInt(value.slice(at + 6, at + 9), 36);
    const start = EPOCH + day * DAY;
    if (start <= its.now && start + LONGEST_LIFE > its.now) its.days[value.slice(at, at + 6)] = day;
  }
  its.remembered = memory(its);
}

const memory = (its) =>
  its.mark + Object.keys(its.days).map((one) => one + ('00' + its.days[one].toString(36)).slice(-3)).join('');

const ends = (its, pick, none) => {
  const days = Object.keys(its.days).map((one) => its.days[one]);
  return EPOCH + (days.length ? days.reduce((a, b) => pick(a, b)) : none) * DAY + LONGEST_LIFE;
};

/** When a cookie set now must be gone; notes now as its first write unless an unfinished life is known. */
function lastMoment(its, name, seconds) {
  const noted = digest(name);
  const sent = its.names.indexOf(name) >= 0;
  const known = noted in its.days ? EPOCH + its.days[noted] * DAY : null;
  if (known !== null && (sent || known + seconds > its.now)) return known + seconds;
  const began = Math.min(sent && its.choice ? its.choice.made : its.now, its.now);
  if (known === null && Object.keys(its.days).length >= REMEMBERED) return Math.min(began + seconds, ends(its, Math.min, 0));
  its.days[noted] = Math.floor((began - EPOCH) / DAY);
  return began + seconds;
}

/** `*` is any run of characters; linear, and no regular expression is made from data. */
function matches(pattern, name) {
  const parts = pattern.split('*');
  if (parts.length === 1) return pattern === name;
  const tail = parts[parts.length - 1];
  let at = parts[0].length;
  const end = name.length - tail.length;
  if (at > end || name.slice(0, at) !== parts[0] || name.slice(end) !== tail) return false;
  return parts.slice(1, -1).every((part) => {
    const found = name.indexOf(part, at);
    at = found + part.length;
    return found >= 0 && at <= end;
  });
}

function covers(domain, hosts) {
  const name = domain.replace(/^\./, '').toLowerCase();
  return domain === 'site' || hosts.some((host) => host === name || host.slice(-name.length - 1) === '.' + name);
}

/** What becomes of a cookie of this name for these hosts. */
function judge(its, name, hosts) {
  const pass = { allowed: true, lifetime: LONGEST_LIFE, ruled: false };
  if (OURS.indexOf(name) >= 0) return pass;
  let most = -1;
  let found = [];
  each(consent.services, (service) => each(service.trackers, (tracker) => {
    if (tracker.kind !== 'cookie' || !matches(tracker.name, name) || !covers(tracker.domain, hosts)) return;
    const weight = tracker.name.indexOf('*') < 0 ? 1e6 : tracker.name.replace(/\*/g, '').length;
    if (weight > most) found = []; // the most specific pattern wins
    most = Math.max(most, weight);
    if (weight === most) found.push(verdict(its, service, tracker));
  }));
  if (found.length) return found.filter((one) => one.allowed)[0] || found[0]; // of equals one yes is enough
  each(consent.known_trackers, (pattern) => { pass.allowed = pass.allowed && !matches(pattern, name); });
  return pass;
}

function verdict(its, service, tracker) {
  const purpose = its.purposes[' ' + tracker.purpose];
  const exempt = !!purpose && purpose.exempt;
  const answer = its.choice ? its.choice.purposes[' ' + tracker.purpose] : undefined;
  const single = its.choice ? its.choice.services[' ' + service.id] : undefined;
  let allowed = exempt || answer === true;
  if (tracker.exemption) { // runs before the choice, and stops at an explicit no
    allowed = allowed || single === true || !(answer === false || single === false);
  } else if (tracker.purpose !== null && tracker.purpose === service.purpose && single !== undefined) {
    allowed = single || exempt;
  }
  const declared = exempt || tracker.exemption || tracker.lifetime_seconds === null ? LONGEST_LIFE : tracker.lifetime_seconds;
  return { allowed: allowed, lifetime: Math.min(declared, LONGEST_LIFE), ruled: true };
}

/** RFC 6265bis 5.1.1, which accepts more and less than Date.parse; seconds since 1970, or null. */
function readDate(text) {
  let clock = null, day = null, month = null, year = null;
  (text.length > 1024 ? [] : text.split(/[\t\x20-\x2F\x3B-\x40\x5B-\x60\x7B-\x7E]+/)).forEach((token) => {
    const time = /^(\d\d?):(\d\d?):(\d\d?)(?!\d)/.exec(token);
    const two = /^(\d\d?)(?!\d)/.exec(token);
    const four = /^(\d\d\d?\d?)(?!\d)/.exec(token);
    const named = MONTHS.indexOf(token.slice(0, 3).toLowerCase());
    if (!clock && time) clock = time;
    else if (day === null && two) day = +two[1];
    else if (month === null && named >= 0) month = named;
    else if (year === null && four) year = +four[1];
  });
  if (!clock || day === null || month === null || year === null) return null;
  year += year < 70 ? 2000 : year < 100 ? 1900 : 0;
  const at = new Date(Date.UTC(year, month, day, +clock[1], +clock[2], +clock[3]));
  const sound = year >= 1601 && at.getUTCDate() === day && clock[1] < 24 && clock[2] < 60 && clock[3] < 60;
  return sound ? Math.floor(at.getTime() / 1000) : null;
}

/** The domain, when it ends by RFC 6265bis 5.6 (null: with the session), and whether every browser reads that alike. */
function readAttributes(its, attributes) {
  let domain = '', expires = null, maxAge = null, latest = null, plain = true;
  const lives = [];
  attributes.forEach((attribute) => {
    const name = key(attribute);
    const value = trim(after(attribute, '='));
    const number = name === 'max-age' ? /^([+-]?)(\d+)$/.exec(value) : null;
    if (name === 'domain') domain = value.replace(/^\./, '').toLowerCase();
    if (name === 'expires' || name === 'max-age') {
      plain = plain && lives.indexOf(name) < 0 && (name === 'expires' ? PLAIN_DATE.test(value) && readDate(value) !== null : /^-?\d{1,15}$/.test(value));
      lives.push(name);
    }
    if (name === 'expires' && readDate(value) !== null) expires = readDate(value);
    if (!number) return;
    const at = its.now + (number[1] === '-' ? -1 : 1) * Math.min(+number[2], 1e15);
    if (number[1] === '+' || value.length > 1024) latest = latest === null ? at : Math.max(latest, at); // Chromium reads a plus
    else maxAge = at;
  });
  const end = maxAge === null ? expires : maxAge;
  return { domain: domain, plain: plain, latest: end === null ? latest : latest === null ? end : Math.max(end, latest) };
}

/** One Set-Cookie as it may go out: shorter, or null when it is refused. */
function guarded(its, field) {
  const parts = field.split(';');
  const start = parts[0].replace(/^[ \t=]+/, ''); // `=_ga=1` reads back as `_ga=1`
  const name = start.indexOf('=') < 0 ? '' : trim(before(start, '='));
  const read = readAttributes(its, parts.slice(1));
  const kept = parts.slice(1).filter((one) => ['max-age', 'expires'].indexOf(key(one)) < 0);
  const ending = (end) => // null: with the browser session
    [parts[0]].concat(kept, end === null ? [] : [' Max-Age=' + Math.max(0, end - its.now)]).join(';');
  const said = read.plain ? field : ending(read.latest); // in a spelling that every browser reads alike
  if (read.latest !== null && read.latest <= its.now) return said; // a deletion passes
  const judged = judge(its, name, [its.host, read.domain || its.host]);
  if (!judged.allowed || read.latest === null) return judged.allowed ? said : null;
  if (!judged.lifetime) return ending(null);
  const last = OURS.indexOf(name) >= 0 ? its.now + judged.lifetime : lastMoment(its, name, judged.lifetime);
  return read.latest > last ? ending(last) : said;
}

/** Every path of which this one is, or is below. */
function paths(path) {
  const parts = path.split('/').slice(1);
  let found = ['/'];
  for (let i = 1; i < Math.min(parts.length, DEEPEST + 1); i++) {
    const folder = '/' + parts.slice(0, i).join('/');
    found = found.concat([folder, folder + '/']);
  }
  return found.concat([path]).filter((one, i, all) => all.indexOf(one) === i && /^\/[\x21-\x3a\x3c-\x7e]{0,255}$/.test(one));
}

function domains(host) {
  const labels = host.split('.');
  if (/^[\d.]+$|:|\]/.test(host) || !/^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(host)) return [''];
  return [''].concat(labels.slice(1).map((_, i) => '; Domain=' + labels.slice(i).join('.')).slice(-4));
}

/** First the usual place, then every other, in turns; browsers do not tell where a cookie lies. */
function deletions(its) {
  const names = its.names.filter((name) => {
    const judged = judge(its, name, [its.host]);
    return judged.ruled && !judged.allowed && /^[\x21-\x3a\x3c\x3e-\x7e]{1,256}$/.test(name);
  });
  const kinds = its.https ? ['; Secure', '; Secure; SameSite=None; Partitioned'] : [''];
  let places = [];
  kinds.forEach((kind) => { places = places.concat(paths(its.path).map((path) => [path, kind])); });
  const turn = Math.floor(Date.now() * 0.997);
  let added = [];
  let room = MOST_ADDED;
  places.slice(0, 1).concat(turned(places.slice(1), turn)).every((place) => turned(names, turn).every((name) => {
    const ways = domains(its.host).map((domain) => name + '=; Max-Age=0; Path=' + place[0] + domain + place[1]);
    room -= ways.join('').length + 14 * ways.length;
    if (room >= 0) added = added.concat(ways);
    return room >= 0;
  }));
  return added;
}

/** The choice by HTTP, once: Safari keeps what a script wrote for seven days. */
function choiceAgain(its, kept) {
  const own = kept.some((one) => one.replace(/^[ \t]+/, '').indexOf(COOKIE + '=') === 0);
  if (!its.choice || own || !/^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+$/.test(its.choice.text)) return [];
  const mark = digest(COOKIE + '=' + its.choice.text);
  if (mark === its.mark) return [];
  its.mark = mark;
  return [COOKIE + '=' + its.choice.text + '; Max-Age=' + (its.choice.end - its.now) + '; Path=/; SameSite=Lax' + its.secure];
}

function memoryAgain(its) {
  if (memory(its) === its.remembered) return [];
  const seconds = ends(its, Math.max, Math.floor((its.now - EPOCH) / DAY)) - its.now;
  return [MEMORY + '=' + memory(its) + '; Max-Age=' + seconds + '; Path=/; HttpOnly; SameSite=Lax' + its.secure];
}

/** Whether a shared cache may keep this answer: then whatever is added would reach other visitors. */
function isForEverybody(out) {
  const directives = ('' + (out['Cache-Control'] || '')).toLowerCase().replace(/"/g, '').split(',').map(trim).filter((one) => one);
  const has = (one) => directives.indexOf(one) >= 0;
  if (has('private') || has('no-store')) return false;
  const named = !directives.length && (out.Expires || out['Surrogate-Control'] || out['CDN-Cache-Control']);
  return has('public') || !!named || directives.some((one) => /^(s-maxage|max-age)=(?!0*$)/.test(one));
}

/** Whether the visitor is opening a page. */
function isPage(r) {
  const html = /^\s*(text\/html|application\/xhtml\+xml)\s*(;|$)/i.test(r.headersOut['Content-Type'] || '');
  const asked = r.headersIn['Sec-Fetch-Dest'];
  return html && (asked ? asked === 'document' : /text\/html/i.test(r.headersIn.Accept || ''));
}

/** js_header_filter: what goes out. */
function headers(r) {
  try {
    const its = visit(r);
    const fields = r.headersOut['Set-Cookie'] || [];
    const kept = fields.map((field) => guarded(its, field)).filter((field) => field !== null);
    let added = [];
    if (!isForEverybody(r.headersOut)) {
      added = isPage(r) ? deletions(its).concat(choiceAgain(its, kept)) : [];
      added = added.concat(memoryAgain(its));
    }
    if (kept.length + added.length) r.headersOut['Set-Cookie'] = kept.concat(added);
    else delete r.headersOut['Set-Cookie'];
    if (added.length) {
      const control = r.headersOut['Cache-Control'];
      r.headersOut['Cache-Control'] = control ? control + ', private' : 'private';
    }
  } catch (error) {
    r.error('consent guard: ' + error);
  }
}

/** js_set: the Cookie header for the application, which reads what is granted and nothing else. */
function cookies(r) {
  try {
    const its = visit(r);
    const refused = its.names.filter((name) => !judge(its, name, [its.host]).allowed);
    const kept = its.header.split(';').filter((pair) => pair.indexOf('=') < 0 || refused.indexOf(trim(before(pair, '='))) < 0);
    return refused.length ? kept.join(';').replace(/^[ \t]+/, '') : r.headersIn.Cookie || '';
  } catch (error) {
    r.error('consent guard: ' + error);
    return r.headersIn.Cookie || '';
  }
}

export default { headers: headers, cookies: cookies };
