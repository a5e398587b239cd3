/** All styles as one sheet that every widget of a page shares. A strict policy allows it, as it allows no <style>. */
import { controls } from './controls.ts';
import { layout } from './layout.ts';
import { theme } from './theme.ts';

export const sheet = new CSSStyleSheet();
sheet.replaceSync(theme + controls + layout);
