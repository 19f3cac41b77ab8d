"""Reading from a page what its banner looks like: sizes, colours, labels, and the state of its switches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consent_server.domain.rendering import Control, Layer

if TYPE_CHECKING:
    from playwright.sync_api import Page

_READ = """() => {
  const root = document.querySelector('[data-consent-banner]').shadowRoot;
  const dialog = root.querySelector('dialog[open]');
  const pixel = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const painted = (colours) => {
    pixel.fillStyle = '#fff';
    pixel.fillRect(0, 0, 1, 1);
    for (const colour of colours) { pixel.fillStyle = colour; pixel.fillRect(0, 0, 1, 1); }
    const [r, g, b] = pixel.getImageData(0, 0, 1, 1).data;
    return '#' + [r, g, b].map((part) => part.toString(16).padStart(2, '0')).join('');
  };
  const behind = (element) => {
    const found = [];
    for (let each = element; each; each = each.parentElement) found.unshift(getComputedStyle(each).backgroundColor);
    return found;
  };
  const controls = [...dialog.querySelectorAll('button, a, input, summary, [role=button], [role=switch], [tabindex]')]
    .filter((element) => element.tabIndex >= 0 && element.checkVisibility({ visibilityProperty: true }));
  return {
    text: dialog.innerText,
    width: innerWidth,
    height: innerHeight,
    controls: controls.map((element, order) => {
      const style = getComputedStyle(element), box = element.getBoundingClientRect();
      return {
        action: element.dataset.consentAction || '',
        purpose: element.dataset.consentPurpose || '',
        tag: element.localName,
        label: element.getAttribute('aria-label') || element.innerText || '',
        order,
        x: box.x, y: box.y, width: box.width, height: box.height,
        font_px: parseFloat(style.fontSize),
        font_weight: +style.fontWeight,
        colour: painted([...behind(element), style.color]),
        background: painted(behind(element)),
        around: painted(behind(element.parentElement)),
        checked: element.checked === true || element.getAttribute('aria-checked') === 'true',
      };
    }),
  };
}"""


def read_layer(page: Page, language: str, number: int, device: str) -> Layer:
    """Return the layer that stands open on a page."""
    read = page.evaluate(_READ)
    controls = tuple(Control(**control) for control in read["controls"])
    return Layer(language, number, device, read["width"], read["height"], read["text"], controls)
