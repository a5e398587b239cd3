/** The release on offer: when it came, how large it is, and what its maker says about it. */
import { html, nothing } from 'lit/html.js';
import type { StatusAnswer } from '../../lib/core/http-api/api-answers.ts';
import { DAY, formatBytes, formatDate } from '../model/quantities.ts';
import { safeLink } from '../model/release-notes.ts';
import { joined } from '../model/text.ts';
import type { Part } from './section.ts';
import { section } from './section.ts';
import { signedLine } from './trust.ts';
import type { View } from './view.ts';
import { link, notesText } from './words.ts';

export function offer({ available, staged }: StatusAnswer, view: View): Part {
  if (available === null) return nothing;
  const { strings } = view;
  const { version, released, bundle_bytes: bytes, notes, changelog, route = [] } = available;
  const size = staged?.version === version ? strings.offer.staged : bytes === null ? null : strings.plan.download(formatBytes(bytes, strings));
  const when = released === null ? null : `${strings.label.released} ${formatDate(released, strings, DAY)}`;
  const more = safeLink(changelog);
  return section(
    'available',
    strings.heading.available,
    html`<p class="muted">${joined([version, when, size])}</p>
      ${signedLine(available.signed, view)} ${route.length > 1 ? html`<p>${strings.offer.route(version, route.slice(1).join(', '))}</p>` : nothing}
      ${
        notes === ''
          ? nothing
          : html`<div class="notes tall" tabindex="0" role="group" aria-label=${strings.heading.notes} dir="auto">${notesText(notes)}</div>`
      }
      ${more === null ? nothing : html`<p>${link(more, strings.label.changelog)}</p>`}`,
  );
}
