// What the areas of a page look like, from the styles that the browser computed; some is left out.
([areas, leftOut]) => {
  const channels = text => {  // "rgb(1, 2, 3)", "rgba(...)", "color(srgb 0.1 0.2 0.3 / 1)"
    const numbers = text.match(/[\d.]+(e-?\d+)?/g).map(Number);
    const [r, g, b, a = 1] = numbers;
    return text.startsWith('color(') ? [255 * r, 255 * g, 255 * b, a] : [r, g, b, a];
  };
  const over = (top, below) => below.map((c, i) => i < 3 ? top[3] * top[i] + (1 - top[3]) * c : 1);
  const chain = element => {
    const found = [];
    for (let e = element; e; e = e.parentElement) found.unshift(e);
    return found;  // from <html> down
  };
  const background = element => chain(element).reduce(
    (below, e) => over(channels(getComputedStyle(e).backgroundColor), below), [255, 255, 255, 1]);
  // Relative luminance and contrast ratio: WCAG 2.2, "relative luminance" and "contrast ratio".
  const luminance = colour => {
    const [r, g, b] = colour.map(c => c / 255).map(
      c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, two) => {
    const [low, high] = [luminance(one), luminance(two)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };

  for (const folded of document.querySelectorAll('details')) folded.open = true;
  let seen = 0;
  const texts = new Map();  // look -> the first text that has it
  for (const area of document.querySelectorAll(areas)) {
    const walker = document.createTreeWalker(area, NodeFilter.SHOW_TEXT);
    for (let node; (node = walker.nextNode());) {
      const element = node.parentElement, words = node.textContent.trim();
      if (!words || element.closest(`mjx-assistive-mml, script, style, ${leftOut}`)) continue;
      if (!element.closest('select') && !element.getClientRects().length) continue;
      const style = getComputedStyle(element);
      if (style.visibility === 'hidden') continue;
      const behind = background(element), colour = channels(style.color);
      colour[3] *= chain(element).reduce((o, e) => o * getComputedStyle(e).opacity, 1);
      const ratio = contrast(over(colour, behind), behind);
      const size = parseFloat(style.fontSize), bold = style.fontWeight >= 700;
      const large = size >= 24 || (bold && size >= 18.66);  // WCAG's large text
      seen += 1;
      const look = `${style.color} on ${behind.slice(0, 3).map(Math.round)}, ${size}px`;
      if (!texts.has(look)) texts.set(look, {
        look, words: words.slice(0, 60), ratio, needed: large ? 3 : 4.5,
      });
    }
  }

  const controls = [...document.querySelectorAll(areas)].flatMap(area =>
    [...area.querySelectorAll('input, select, button, [role=slider], img')]);
  const cutOff = controls.filter(e => e.getBoundingClientRect().right > window.innerWidth);
  for (const e of document.querySelectorAll('.jp-OutputArea-output .jupyter-widgets label'))
    if (e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1) cutOff.push(e);
  // Words for each control: its own, or those of the label that belongs to it or stands beside it.
  const label = e => e.labels?.[0]?.textContent || e.alt ||
    e.closest('.widget-slider')?.querySelector('.widget-label').textContent ||
    (e.tagName === 'BUTTON' ? e.textContent : '');
  // JupyterLab drops the words of a plain picture output; those of an Explore are ours.
  const unnamed = controls.filter(e => e.tagName !== 'IMG' || e.closest('.widget-html'))
    .filter(e => !label(e).trim());
  const html = e => e.outerHTML.slice(0, 120);
  return {seen, texts: [...texts.values()],
          cutOff: cutOff.map(html), unnamed: unnamed.map(html)};
}
