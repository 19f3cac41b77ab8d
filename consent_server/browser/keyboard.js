// What is asked of a page about its focus; read by keyboard.py, after banner_shown.js whose functions it uses.

const OPERABLE =
  'a[href], button, input, select, textarea, summary, [role=button], [role=link], [role=switch], [role=checkbox]';
const MOST_CONTROLS = 60;
const MOST_OUTSIDE = 300;
const LONGEST_LABEL = 60;
const STILL_FRAMES = 5;
const MOST_FRAMES = 180;

const focused = () => {
  let e = document.activeElement;
  for (let n = 0; e && e.shadowRoot && e.shadowRoot.activeElement && n < 9; n++) e = e.shadowRoot.activeElement;
  return e && outer(e) ? e : null;
};
const isModal = (e) => isDialog(e) && (e.getAttribute('aria-modal') === 'true' || e.matches(':modal'));
const disabled = (e) => e.matches(':disabled') || above(e).some((each) => each.inert);
const nameOf = (e) => text(named(e) || [...(e.labels || [])].map(words).join(' ') || describe(e), 120);

// What is looked for: the answers, what leads to the choice, and whatever else of the banner can be used.
const setOut = (box, [answers, settings]) => {
  const wanted = Object.entries(answers).filter(([, element]) => element);
  const door = settingsOf(box, settings);
  const given = door && wanted.some(([, it]) => holds(it, door) || holds(door, it));
  if (door && !given && words(door).length <= LONGEST_LABEL) wanted.push(['settings', door]);
  const rest = deep(box).filter((e) => e.matches(OPERABLE));
  const controls = [...new Set([...wanted.map(([, it]) => it), ...rest])].slice(0, MOST_CONTROLS);
  return { box, wanted, controls, seen: [], last: -1, frames: MOST_FRAMES };
};

// Which answer an element gives: it is the answer, stands in it, or holds it and nothing else.
const answerBy = (journey, e) => {
  const held = journey.wanted.filter(([, it]) => holds(e, it));
  const own = held.length === 1 && (e.matches(OPERABLE) || (e.tabIndex >= 0 && words(e).length <= LONGEST_LABEL));
  return journey.wanted.find(([, it]) => holds(it, e)) || (own ? held[0] : null);
};

const rectOf = (e) => {
  const { x, y, width, height } = e.getBoundingClientRect();
  return [x, y, width, height];
};

// Whether nothing of an element is before the visitor's eyes because the banner lies over it.
const isCovered = (box, e) => {
  const { left, top, right, bottom } = e.getBoundingClientRect();
  const [x, y] = [Math.max(left, 0), Math.max(top, 0)];
  const [width, height] = [Math.min(right, innerWidth) - x, Math.min(bottom, innerHeight) - y];
  if (width < 2 || height < 2) return false;
  const parts = [0.02, 0.25, 0.5, 0.75, 0.98];
  const over = (hit) => hit && !holds(e, hit) && !holds(hit, e) && holds(box, hit);
  return parts.every((i) => parts.every((j) => over(hitAt(x + width * i, y + height * j))));
};

// Waits for a page that brings what has the focus into the window by and by; all in all not for long.
const standing = async (journey, e) => {
  if (!hiding(e)) return;
  for (let still = 0, before = ''; still < STILL_FRAMES && journey.frames > 0; journey.frames--) {
    const now = String(rectOf(e));
    still = now === before ? still + 1 : 0;
    before = now;
    await new Promise(requestAnimationFrame);
  }
};

// Where the focus is now. `again` is what it was on before, but for frames and closed shadow roots, which it goes through.
const whereIs = async (journey) => {
  const e = focused();
  const rects = journey.controls.map(rectOf);
  if (!e) return { at: (journey.last = -1), inside: false, again: false, rects };
  let at = journey.seen.indexOf(e);
  const again = at >= 0 && (at !== journey.last || e.matches(OPERABLE));
  if (at < 0) at = journey.seen.push(e) - 1;
  journey.last = at;
  await standing(journey, e);
  const found = answerBy(journey, e);
  const hidden = hiding(e);
  return {
    at,
    again,
    inside: Boolean(found) || holds(journey.box, e),
    control: journey.controls.indexOf(found ? found[1] : e),
    answer: found ? found[0] : '',
    label: nameOf(found ? found[1] : e),
    tag: e.localName,
    operable: Boolean(found) || e.matches(OPERABLE),
    hidden,
    behind: journey.frames > 0 && hidden.startsWith('lies under') && isCovered(journey.box, e),
    rects,
  };
};

const areGone = (journey) => journey.wanted.every(([, it]) => isGone(it));

// The answers that the focus did not come to; whether the banner left meanwhile; what of the page could have the focus.
const whatIsLeft = (journey) => {
  const reached = journey.seen.map((e) => answerBy(journey, e)).filter(Boolean);
  const left = journey.wanted.filter((each) => !reached.includes(each));
  const tabbable = 'a[href], button, input, select, textarea, [tabindex="0"]';
  const beside = [...document.querySelectorAll(tabbable)].slice(0, MOST_OUTSIDE);
  return {
    missed: left.map(([answer, it]) => [answer, nameOf(it), it.localName]),
    gone: areGone(journey),
    modal: [...above(journey.box), ...deep(journey.box)].some((e) => isModal(e) && shows(e)),
    beside: beside.filter((e) => !holds(journey.box, e) && shows(e) && !disabled(e)).length,
  };
};

const focusOn = (journey, at) => journey.seen[at].focus();
