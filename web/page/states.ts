/** Every state of the mock side by side, chip and panel: what there is to look at before a change of the widget is good. */
const form = document.querySelector('form');
const list = document.querySelector('#states');
const wishes = new URLSearchParams(location.search);

if (form !== null && list instanceof HTMLElement) {
  for (const field of form.elements) {
    if (isField(field)) field.value = wishes.get(field.name) ?? field.value;
  }
  form.addEventListener('input', () => {
    apply(form, list);
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
  });
  list.append(...(await states()).map(article));
  apply(form, list);
}

async function states(): Promise<{ name: string; what: string }[]> {
  const answer: unknown = await (await fetch('states')).json();
  if (typeof answer !== 'object' || answer === null || !('states' in answer) || !Array.isArray(answer.states)) return [];
  return answer.states.flatMap((state: unknown) =>
    typeof state === 'object' && state !== null && 'name' in state && 'what' in state ? [{ name: String(state.name), what: String(state.what) }] : [],
  );
}

function article({ name, what }: { name: string; what: string }): HTMLElement {
  const box = document.createElement('article');
  const heading = document.createElement('h2');
  const text = document.createElement('p');
  box.id = name;
  heading.textContent = name;
  text.textContent = what;
  box.append(heading, text, widget(name, false), widget(name, true));
  return box;
}

/** A single look: a stream each would be more than a browser opens. */
function widget(state: string, isInline: boolean): HTMLElement {
  const element = document.createElement('pikit-updates');
  element.setAttribute('once', '');
  element.setAttribute('query', `state=${encodeURIComponent(state)}`);
  element.toggleAttribute('inline', isInline);
  return element;
}

function apply(wanted: HTMLFormElement, shown: HTMLElement): void {
  const data = new FormData(wanted);
  const value = (name: string): string => {
    const entry = data.get(name);
    return typeof entry === 'string' ? entry : '';
  };
  document.documentElement.dataset['theme'] = value('theme');
  document.documentElement.dir = value('dir');
  shown.dataset['width'] = value('width');
  for (const box of shown.children) {
    if (box instanceof HTMLElement) box.hidden = !box.id.includes(value('filter'));
  }
  for (const element of shown.querySelectorAll('pikit-updates')) element.setAttribute('lang', value('lang'));
}

function isField(element: Element): element is HTMLInputElement | HTMLSelectElement {
  return element instanceof HTMLInputElement || element instanceof HTMLSelectElement;
}
