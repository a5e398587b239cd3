/** What the owner should know of an installation although nothing fails: found before it, told after it. */
import type { Config } from '../core/config.ts';
import type { Manifest } from '../core/manifest.ts';
import { unrestarted } from '../core/unrestarted.ts';
import type { Services } from '../io/services.ts';
import type { Plan } from '../transaction/plan.ts';
import { replacedPrograms } from '../transaction/replaced.ts';
import { shadowsOf } from '../transaction/shadows.ts';
import type { Installed, Remarks } from '../transaction/types.ts';
import type { DeviceDeps } from './deps.ts';

/** Asks the services only where a program is replaced. Throws SYSTEMD_UNAVAILABLE, before anything is changed. */
export async function foreseeRemarks(
  deps: DeviceDeps,
  config: Config,
  manifest: Manifest,
  { plan, installed, services }: { plan: Plan; installed: Installed | null; services: Services },
): Promise<Remarks> {
  const shadows = shadowsOf(deps.place, plan.ops, new Set((installed?.files ?? []).map(({ path }) => path)));
  const stale = await unrestartedHere(deps, config, manifest, replacedPrograms(plan.ops), services);
  return { ...(shadows.length === 0 ? {} : { shadows }), ...(stale.length === 0 ? {} : { unrestarted: stale }) };
}

async function unrestartedHere(
  deps: DeviceDeps,
  config: Config,
  manifest: Manifest,
  replaced: readonly string[],
  services: Services,
): Promise<string[]> {
  if (replaced.length === 0) return [];
  const asked = manifest.post_install.flatMap((action) => (action.kind === 'restart' ? [action.unit] : []));
  const names = replaced.map((path) => path.slice(path.lastIndexOf('/') + 1));
  const programs = deps.unitPrograms(deps.paths.root).filter(({ command }) => names.some((name) => command.includes(name)));
  const restarted = await services.meantToRun([...new Set([...config.services.restart, ...asked])]);
  const running = new Set(await services.meantToRun(programs.map(({ unit }) => unit).filter((unit) => !unit.includes('@.'))));
  return unrestarted(replaced, config.target, { restarted, programs, isMeant: (unit) => running.has(unit) });
}
