/** Marks a text as CSS for editors and formatters. */
export const css = (text: TemplateStringsArray): string => String.raw(text);
