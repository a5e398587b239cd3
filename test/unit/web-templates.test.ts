import { expect, it } from 'vitest';
import { shortTemplates } from '../../scripts/web-templates.ts';

it('leaves out line breaks and indentation where they are never seen', async () => {
  const source = 'const a = html`<div\n    class=${x}\n    ?hidden=${y}\n  >\n    <p>one</p>\n    ${z}\n  </div>`;';
  expect(await shortTemplates(source)).toBe('const a = html`<div class=${x} ?hidden=${y}><p>one</p>${z}</div>`;');
});

it.each([
  ['between words', '<p>one\n  two</p>', '<p>one two</p>'],
  ['on a line', '<p>one  two <b>three</b> ${four}</p>', '<p>one  two <b>three</b> ${four}</p>'],
  ['beside what stands in a line with others', '<b>one</b>\n  <i>two</i>\n  ${three}', '<b>one</b> <i>two</i> ${three}'],
  ['before the end of an empty tag, where a value would go on', '<input .value=${one}\n/>', '<input .value=${one} />'],
  ['in text that is shown as it is written', '<pre>\n  one\n</pre>', '<pre>\n  one\n</pre>'],
])('keeps white space that is seen: %s', async (_where, template, short) => {
  expect(await shortTemplates(`html\`${template}\``)).toBe(`html\`${short}\``);
});

it('does so in templates within templates, and in nothing else', async () => {
  const source = 'const s = `a\n  b`;\nf(html`<ul>\n  ${all.map((one) => html`<li>\n    ${one}\n  </li>`)}\n</ul>`);\n';
  expect(await shortTemplates(source)).toBe('const s = `a\n  b`;\nf(html`<ul>${all.map((one) => html`<li>${one}</li>`)}</ul>`);\n');
});

it('spells CSS shorter', async () => {
  const source =
    'const a = css`\n  :host {\n    --line: var(--x, light-dark(#fff, #000));\n    color: #ffffff;\n    margin: 0px 4px;\n  }\n  a::before {\n    content: "\\201c, x";\n  }\n`;';
  expect(await shortTemplates(source)).toBe(
    'const a = `:host{--line:var(--x,light-dark(#fff,#000));color:#fff;margin:0 4px}a:before{content:"\\\\201c, x"}`;',
  );
});
