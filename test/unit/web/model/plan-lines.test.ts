import { expect, it } from 'vitest';
import { planLines } from '../../../../web/model/plan-lines.ts';
import { en } from '../../../../web/strings/en.ts';
import { readMockStates } from '../../../helpers/played.ts';

const { plan } = readMockStates();
const EN = en;

it('says what matters most first, and unfolds to every file', () => {
  expect(planLines(plan, EN)).toEqual([
    { kind: 'conflicts', text: '1 configuration file edited by you will not be replaced', items: ['/etc/pikit/pikit.toml'] },
    {
      kind: 'edited',
      text: '1 file edited by you will be replaced (copies are kept in /var/lib/pikit/edited)',
      items: ['/var/www/pikit-web/index.html'],
    },
    { kind: 'restarts', text: '1 service will restart', items: ['pikit-api.service'] },
    { kind: 'commands', text: '1 command will run', items: ['helpers/migrate --quiet'] },
    { kind: 'download', text: '2.3 MiB to download', items: [] },
    { kind: 'added', text: '1 new file', items: ['/var/www/pikit-web/restore.js'] },
    { kind: 'changed', text: '2 changed files', items: ['/usr/local/bin/pikit-api.py', '/var/www/pikit-web/index.html'] },
    { kind: 'removed', text: '1 removed file', items: ['/var/www/pikit-web/legacy.js'] },
  ]);
});

it('says what is not known, and what only root may know', () => {
  const kinds = planLines({ ...plan, download_bytes: null, removed: null, edited: null, conflicts: null }, EN);
  expect(kinds.find(({ kind }) => kind === 'download')?.text).toBe('unknown to download');
  expect(kinds.map(({ kind }) => kind)).toEqual(['restarts', 'commands', 'download', 'added', 'changed', 'private']);
});

it('says nothing of what there is none of, and that nothing has to be downloaded', () => {
  const none = { ...plan, staged: true, added: [], changed: [], removed: [], edited: [], conflicts: [], restarts: [], commands: [] };
  expect(planLines(none, EN)).toEqual([{ kind: 'download', text: 'Downloaded and verified', items: [] }]);
});

it('takes paths as text', () => {
  const [line] = planLines({ ...plan, conflicts: ['/etc/\u202egnp\u001b[0m'] }, EN);
  expect(line?.items).toEqual(['/etc/gnp\u241b[0m']);
});
