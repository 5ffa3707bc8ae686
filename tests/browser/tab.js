// What the keyboard can reach on a page, and whether a person sees where the focus is.
const SELECTOR = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]';
const stops = () => [...document.querySelectorAll(SELECTOR)].filter(
  (one) => !one.disabled && one.checkVisibility({visibilityProperty: true}));
const named = (one) => (one.getAttribute('aria-label')
  || (one.getAttribute('aria-labelledby') || '').split(' ').filter(Boolean)
    .map((id) => document.getElementById(id).textContent).join(' ')
  || (one.labels && one.labels.length ? one.labels[0].textContent : '')
  || one.textContent).trim().replace(/\s+/g, ' ');
const described = (one) => ({name: named(one), tag: one.tagName.toLowerCase(), place: stops().indexOf(one)});
const focused = () => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const style = getComputedStyle(one), box = one.getBoundingClientRect();
  const isOutlined = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
  const isInSight = box.width > 0 && box.height > 0 && box.right > 0 && box.bottom > 0
    && box.left < innerWidth && box.top < innerHeight;
  return {...described(one), isSeen: isOutlined && isInSight};
}
