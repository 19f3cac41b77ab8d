// What is asked of a page about its banner; read by banner_shown.py, which calls one of these functions at a time.
// Elements are looked for through open shadow roots. Lists and texts are cut: a page may be hostile.

const PRESSED = 'button, a, summary, [role=button], [onclick], input[type=button], input[type=submit]';
const SWITCHES = 'input[type=checkbox], [role=switch], [role=checkbox]';
const MOST_ELEMENTS = 3000;
const MOST_BUTTONS = 60;

const up = (e) => e.parentElement || (e.getRootNode() instanceof ShadowRoot ? e.getRootNode().host : null);
const above = (e) => (e ? [e, ...above(up(e))] : []);
const holds = (e, inner) => above(inner).includes(e);
const text = (value, most) => String(value || '').replace(/\s+/g, ' ').trim().slice(0, most);
const words = (e) =>
  e.shadowRoot ? [...e.shadowRoot.children].map((c) => c.innerText || '').join(' ') : e.innerText || '';
const deep = (e, found = []) => {
  for (const child of [...(e.shadowRoot ? e.shadowRoot.children : []), ...e.children]) {
    if (found.length > MOST_ELEMENTS) break;
    found.push(child);
    deep(child, found);
  }
  return found;
};
const shows = (e) => e.checkVisibility({ visibilityProperty: true });
const showsSwitch = (e) => shows(e) || [...(e.labels || [])].some(shows) || (up(e) && shows(up(e)));
const isDialog = (e) => e.localName === 'dialog' || /^(alert)?dialog$/.test(e.getAttribute('role') || '');
const buttonsIn = (e) => deep(e).filter((each) => each.matches(PRESSED) && shows(each));
const leaves = (e) =>
  e.localName === 'a' && /^https?:/.test(e.href) && e.href.split('#')[0] !== location.href.split('#')[0];
const outer = (e) => e !== document.body && e !== document.documentElement;

const hitAt = (x, y) => {
  let hit = document.elementFromPoint(x, y);
  for (let n = 0; hit && hit.shadowRoot && n < 9; n++) {
    const inner = hit.shadowRoot.elementFromPoint(x, y);
    if (!inner || inner === hit) break;
    hit = inner;
  }
  return hit;
};

// The banner around one of its buttons: a dialog, else what is laid over the page, else what says something near it.
const boxOf = (start) => {
  if (!start.matches(PRESSED) && !start.closest('button, a, [role=button]')) return start;
  let positioned = null;
  let near = null;
  for (const e of above(up(start)).filter(outer)) {
    const said = words(e).length;
    if (said > 8000) break;
    const buttons = buttonsIn(e);
    const own = buttons.filter((each) => !buttons.some((other) => other !== each && holds(other, each)));
    if (said - own.reduce((sum, each) => sum + words(each).length + 1, 0) < 15) continue;
    if (isDialog(e)) return e;
    if (/fixed|sticky|absolute/.test(getComputedStyle(e).position)) positioned ||= e;
    near ||= e;
  }
  return positioned || near || start;
};

const isAbout = (start, about) => new RegExp(about, 'i').test(words(boxOf(start)).slice(0, 8000));

const isBeside = (start, found) => holds(boxOf(start), found);

const titlesOf = (boxes) =>
  [...new Set(boxes)]
    .filter((box, at, all) => !all.some((other) => other !== box && holds(other, box)))
    .map((box) => text(words(box), 80));

const named = (e) => {
  const ids = (e.getAttribute('aria-labelledby') || '').split(/\s+/).filter(Boolean).slice(0, 5);
  const from = ids.map((id) => e.getRootNode().getElementById(id)).filter(Boolean).map(words).join(' ');
  const picture = e.querySelector('img[alt], svg title');
  const own = isDialog(e) ? '' : words(e) || (e.localName === 'input' && /button|submit/.test(e.type) && e.value) || '';
  const drawn = picture && (picture.alt || picture.textContent);
  return text(from || e.getAttribute('aria-label') || own || drawn || e.title, 200);
};

// Colours as painted, what is see-through mixed with what lies behind; null where a picture does.
const pixel = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
const painted = (colours, opacity = 1) => {
  ['#fff', ...colours].forEach((colour, at) => {
    pixel.globalAlpha = at === colours.length ? opacity : 1;
    pixel.fillStyle = colour;
    pixel.fillRect(0, 0, 1, 1);
  });
  const [r, g, b] = pixel.getImageData(0, 0, 1, 1).data;
  return '#' + [r, g, b].map((part) => part.toString(16).padStart(2, '0')).join('');
};
const groundOf = (e) => {
  const found = [];
  for (const each of above(e)) {
    const style = getComputedStyle(each);
    if (style.backgroundImage !== 'none') return null;
    found.unshift(style.backgroundColor);
    if (style.backgroundColor.startsWith('rgb(')) break;
  }
  return found;
};
const opacityOf = (e) => above(e).reduce((product, each) => product * getComputedStyle(each).opacity, 1);

const describe = (e) =>
  e ? text(e.localName + (e.id ? `#${e.id}` : '') + (e.classList[0] ? `.${e.classList[0]}` : ''), 80) : 'nothing';
const hiding = (e) => {
  const rect = e.getClientRects()[0] || e.getBoundingClientRect(); // a link may go over two lines
  const [x, y] = [rect.x + rect.width / 2, rect.y + rect.height / 2];
  if (rect.width < 2 || rect.height < 2) return 'has no size';
  if (opacityOf(e) < 0.1) return 'is transparent';
  if (x < 0 || y < 0 || x >= innerWidth || y >= innerHeight) return 'is outside the window';
  const hit = hitAt(x, y);
  return hit && (holds(e, hit) || (hit.localName === 'label' && holds(hit, e))) ? '' : `lies under ${describe(hit)}`;
};
// Whether scrolling does not bring it before the visitor's eyes; everything is put back where it was.
const isLost = (e) => {
  const before = above(e).map((each) => [each, each.scrollTop, each.scrollLeft]);
  e.scrollIntoView({ block: 'nearest', inline: 'nearest', behavior: 'instant' });
  const lost = Boolean(hiding(e));
  for (const [each, top, left] of before) each.scrollTo({ top, left, behavior: 'instant' });
  return lost;
};
const inSentence = (e) =>
  e.localName === 'a' &&
  getComputedStyle(e).display === 'inline' &&
  [...e.parentNode.childNodes].some((node) => node.nodeType === 3 && node.data.trim().length > 15);

const readButton = (e, answer) => {
  const style = getComputedStyle(e);
  const rect = e.getBoundingClientRect();
  const [ground, around, opacity] = [groundOf(e), groundOf(up(e) || e), opacityOf(e)];
  const hidden = hiding(e);
  const lined = parseFloat(style.borderTopWidth) > 0 && style.borderTopStyle !== 'none';
  return {
    answer,
    label: text(words(e) || e.value, 120),
    named: named(e),
    tag: e.localName,
    role: e.getAttribute('role') || '',
    x: rect.x,
    y: rect.y,
    width: rect.width,
    height: rect.height,
    font_px: parseFloat(style.fontSize),
    font_weight: +style.fontWeight || 400,
    colour: ground ? painted([...ground, style.color], opacity) : '',
    background: ground ? painted(ground, opacity) : '',
    around: around ? painted(around) : '',
    line: lined && around ? painted([...around, style.borderTopColor], opacity) : '',
    opacity,
    inline: inSentence(e),
    // What no style of the page's touched: the browser's own control.
    plain: style.paddingLeft === '6px' && style.paddingTop === '1px' && style.fontSize === '13.3333px',
    hidden,
    lost: /outside|under/.test(hidden) && isLost(e),
  };
};

const readSwitch = (e) => {
  const own = named(e) || text([...(e.labels || [])].map(words).join(' '), 120);
  const around = e.closest('label, li, fieldset, tr, p, div');
  return {
    label: text(own || (around && words(around)), 120),
    checked: e.checked === true || e.getAttribute('aria-checked') === 'true',
    fixed: e.disabled === true || e.getAttribute('aria-disabled') === 'true' || e.matches('fieldset[disabled] *'),
  };
};

// Whether what lies at a point keeps the visitor from the page: the banner, or a sheet without words over everything.
const keepsOut = (box, hit) => {
  if (!hit || holds(box, hit)) return Boolean(hit);
  const root = above(hit)
    .filter(outer)
    .findLast((e) => /fixed|absolute/.test(getComputedStyle(e).position));
  return Boolean(root) && words(root).replace(words(box), '').trim().length < 15;
};
const covers = (box) => {
  const tenths = [1, 2, 3, 4, 5, 6, 7, 8, 9];
  const hits = tenths.flatMap((i) => tenths.map((j) => hitAt((innerWidth * i) / 10, (innerHeight * j) / 10)));
  return document.body.inert || hits.filter((hit) => keepsOut(box, hit)).length > hits.length * 0.9;
};

const readLayer = (box, [answers, settings]) => {
  const inside = deep(box);
  const given = Object.entries(answers).filter(([, element]) => element);
  const leads = (e) => new RegExp(settings, 'i').test(named(e)) && !leaves(e);
  const answerOf = (e) => (given.find(([, it]) => holds(e, it) || holds(it, e)) || [leads(e) ? 'settings' : ''])[0];
  const pressed = inside.filter((e) => e.matches(PRESSED) && shows(e)).slice(0, MOST_BUTTONS);
  const outside = given.map(([, it]) => it).filter((it) => !pressed.some((e) => holds(e, it) || holds(it, e)));
  const dialog = [...above(box), ...inside].find((e) => isDialog(e) && shows(e));
  return {
    width: innerWidth,
    height: innerHeight,
    text: text(words(box), 8000),
    language: text((above(box).find((e) => e.lang) || {}).lang, 20),
    role: (dialog && (dialog.getAttribute('role') || 'dialog')) || box.getAttribute('role') || '',
    named: dialog ? named(dialog) : '',
    covers: covers(box),
    buttons: [...pressed, ...outside].map((e) => readButton(e, answerOf(e))),
    switches: inside.filter((e) => e.matches(SWITCHES) && showsSwitch(e)).slice(0, 300).map(readSwitch),
    links: inside
      .filter((e) => e.localName === 'a' && e.href && shows(e))
      .slice(0, MOST_BUTTONS)
      .map((e) => text(`${named(e)} ${e.href.split(/[?#]/)[0]}`, 300)),
  };
};

const settingsOf = (box, settings) =>
  buttonsIn(box).find((e) => new RegExp(settings, 'i').test(words(e) || e.value || '') && !leaves(e));

// What holds every switch of a page and a button beside them.
const boxOfSwitches = () => {
  const found = deep(document.documentElement).filter((e) => e.matches(SWITCHES) && showsSwitch(e));
  const around = above(found[0] && up(found[0])).filter(outer);
  return (
    around.find(isDialog) || around.find((e) => found.every((one) => holds(e, one)) && buttonsIn(e).length) || null
  );
};

// A place of the page beside the banner where nothing is to be pressed.
const spotBeside = (box) => {
  const ours = box.getBoundingClientRect();
  const tried = [[0.5, 0.1], [0.5, 0.3], [0.03, 0.3], [0.97, 0.5], [0.5, 0.5], [0.03, 0.9], [0.97, 0.9], [0.2, 0.7]];
  const spots = tried.map(([i, j]) => [innerWidth * i, innerHeight * j]);
  const beside = ([x, y]) => x < ours.left || x > ours.right || y < ours.top || y > ours.bottom;
  const bare = ([x, y]) => {
    const hit = hitAt(x, y);
    return hit && !hit.closest(`${PRESSED}, input, select, textarea, label, iframe, video, [tabindex="0"]`);
  };
  return spots.find((spot) => beside(spot) && bare(spot)) || null;
};

const isGone = (button) => {
  for (const e of above(button)) e.scrollTop && e.scrollTo({ top: 0, behavior: 'instant' });
  const rect = button.getBoundingClientRect();
  const lowest = Math.max(innerHeight, document.documentElement.scrollHeight);
  return (
    !button.isConnected ||
    !button.checkVisibility({ opacityProperty: true, visibilityProperty: true }) ||
    rect.bottom <= 0 || rect.right <= 0 || rect.left >= innerWidth || rect.top >= lowest
  );
};
