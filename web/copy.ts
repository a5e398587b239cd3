/** Copies text for the reader to paste elsewhere. */

/** False when the browser will not. On plain http, which is what a Pi has, there is no clipboard but that of a text field. */
export async function copyText(text: string, near: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyByField(text, near);
  }
}

/** The field has to be inside the dialog: what is outside cannot be selected while that is open. */
function copyByField(text: string, near: HTMLElement): boolean {
  const field = document.createElement('textarea');
  field.className = 'hidden';
  field.value = text;
  near.after(field);
  field.select();
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- the only way without https, which is what a Pi has
  const isCopied = document.execCommand('copy');
  field.remove();
  near.focus();
  return isCopied;
}
