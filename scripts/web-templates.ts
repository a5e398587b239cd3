/** Leaves out of the widget's templates what only people need who read them: line breaks, indentation, and how CSS is spelt. */
import fs from 'node:fs';
import type { Plugin } from 'esbuild';
import { transform } from 'esbuild';
import ts from 'typescript';

/** What begins a line of its own on a page: white space beside it is never seen. */
const BLOCK = '</?(?:d[dlt]|details|dialog|div|fieldset|form|h[1-6]|legend|li|ol|option|p|section|select|summary|ul)\\b';
const BEFORE_BLOCK = new RegExp(`\\s*\\n\\s*(?=${BLOCK})`, 'g');
const AFTER_BLOCK = new RegExp(`(${BLOCK}[^<>]*>)\\s*\\n\\s*`, 'g');

/** Stands for a value. */
const VALUE = '\0';

export const webTemplates: Plugin = {
  name: 'web-templates',
  setup: (build) => {
    build.onLoad({ filter: /[\\/]web[\\/].*\.ts$/ }, async ({ path }) => ({
      contents: await shortTemplates(fs.readFileSync(path, 'utf8')),
      loader: 'ts',
    }));
  },
};

interface Piece {
  from: number;
  to: number;
  text: string;
}

interface Template {
  tag: string;
  /** Where the tag is. */
  at: number;
  parts: Piece[];
}

/** The same module with shorter html`` and css`` templates. Spaces within a line stay, and so does all of a template with <pre>. */
export async function shortTemplates(source: string): Promise<string> {
  const pieces: Piece[] = [];
  for (const { tag, at, parts } of templatesIn(source)) {
    // Only editors need to know that it is CSS.
    if (tag === 'css') pieces.push({ from: at, to: at + tag.length, text: '' });
    const text = parts.map(({ text: part }) => part).join(VALUE);
    const texts = (tag === 'css' ? await shortCss(text) : shortHtml(text)).split(VALUE);
    pieces.push(...parts.map((part, index) => ({ ...part, text: texts[index] ?? '' })));
  }
  let short = '';
  let end = 0;
  for (const { from, to, text } of pieces.sort((a, b) => a.from - b.from)) {
    short += source.slice(end, from) + text;
    end = to;
  }
  return short + source.slice(end);
}

async function shortCss(text: string): Promise<string> {
  const { code } = await transform(text, { loader: 'css', minify: true, logLevel: 'silent' });
  // What a custom property says is left as it is by others; here it is colours and lengths.
  return code
    .trim()
    .replaceAll('\\', '\\\\')
    .replace(/--[\w-]+:[^;}]*/g, (property) => property.replace(/([:,]) +/g, '$1'));
}

function shortHtml(text: string): string {
  if (/<(pre|textarea)\b/.test(text)) return text;
  return text
    .replace(BEFORE_BLOCK, '')
    .replace(AFTER_BLOCK, '$1')
    .replace(/\s*\n\s*(?=>)/g, '')
    .replace(/\s*\n\s*/g, ' ');
}

/** What is written in each html`` and css`` template, between its values. */
function templatesIn(source: string): Template[] {
  const found: Template[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isTaggedTemplateExpression(node) && ts.isIdentifier(node.tag) && /^(html|css)$/.test(node.tag.text)) {
      const { template } = node;
      const literals = ts.isTemplateExpression(template) ? [template.head, ...template.templateSpans.map(({ literal }) => literal)] : [template];
      const parts = literals.map((literal) => {
        const [from, to] = [literal.getStart() + 1, literal.end - (ts.isTemplateHead(literal) || ts.isTemplateMiddle(literal) ? 2 : 1)];
        return { from, to, text: source.slice(from, to) };
      });
      found.push({ tag: node.tag.text, at: node.tag.getStart(), parts });
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('module.ts', source, ts.ScriptTarget.Latest, true));
  return found;
}
