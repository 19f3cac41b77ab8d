// Watches a page from inside, frame by frame: when does the notice stand still, does anything shift, how long does a
// click take. Given the notice's selectors, one for each tree (a layer may be in a shadow tree).
(path) => {
  const seen = { since: 0, notice: '', shift: 0, blocking: 0, click: 0 };
  window.__seen = seen;

  const find = () => path.reduce((root, selector) => (root?.shadowRoot || root)?.querySelector(selector), document);
  const describe = (notice) => {
    if (!notice?.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return '';
    const { x, y, width, height } = notice.getBoundingClientRect();
    let opacity = 1;
    for (let at = notice; at; at = at.parentElement || at.getRootNode().host) opacity *= getComputedStyle(at).opacity;
    const onScreen = width * height > 0 && y < innerHeight && y + height > 0;
    return onScreen ? [x, y, width, height, opacity].map((n) => n.toFixed(2)).join() : '';
  };
  const look = () => {
    const notice = describe(find());
    if (notice !== seen.notice) [seen.notice, seen.since] = [notice, performance.now()];
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);

  const observe = (type, tell, more) => new PerformanceObserver((list) => list.getEntries().forEach(tell)).observe({ type, buffered: true, ...more });
  observe('layout-shift', ({ value, hadRecentInput }) => (seen.shift += hadRecentInput ? 0 : value));
  observe('longtask', ({ duration }) => (seen.blocking += duration - 50));
  observe('event', ({ interactionId, duration }) => interactionId && (seen.click = Math.max(seen.click, duration)), { durationThreshold: 16 });
}
