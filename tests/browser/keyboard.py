"""Where the keyboard does not get on a page, and where nobody can see that it has got there."""

from playwright.sync_api import Page

MOST = 50
"""Controls that are tried on a page with many rows."""
_BEGIN = """most => {
  const looks = element => { const of = getComputedStyle(element);
    return [of.outline, of.boxShadow, of.backgroundColor, of.borderColor, of.color, of.position].join() };
  const able = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]";
  const seen = element => element.checkVisibility({visibilityProperty: true});
  const group = element => element.type === "radio" && element.name ? "radio " + element.name : "";
  const wanted = [...document.querySelectorAll(able)].filter(
    each => each.tabIndex >= 0 && !each.disabled && seen(each)).slice(0, most);
  const before = new Map(wanted.map(each => [each, looks(each)]));
  const state = window.__keyboard = {left: new Set(wanted), unseen: []};
  document.addEventListener("focusin", event => {
    const found = event.target;
    for (const each of [...state.left]) {
      if (each === found || (group(each) && group(each) === group(found))) state.left.delete(each);
    }
    if (before.has(found) && looks(found) === before.get(found)) state.unseen.push(found.outerHTML.slice(0, 150));
  });
  document.activeElement && document.activeElement.blur();
  window.getSelection().removeAllRanges();
  return wanted.length;
}"""
_LEFT = "() => [...window.__keyboard.left].map(each => each.outerHTML.slice(0, 150))"
_UNSEEN = "() => window.__keyboard.unseen.map(each => 'no visible focus: ' + each)"


def out_of_reach(page: Page) -> list[str]:
    """The controls, of the first 50, that the Tab key does not lead to, or that look the same when it has."""
    number = page.evaluate(_BEGIN, MOST)
    for pressed in range(number + 20):
        page.keyboard.press("Tab")
        if pressed >= number - 1 and not page.evaluate(_LEFT):
            break
    return [*page.evaluate(_LEFT), *page.evaluate(_UNSEEN)]
