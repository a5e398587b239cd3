/** What the owner should know of an installation although nothing fails: found before it, told after it. */
import type { Config } from '../core/device/config.ts';
import type { Manifest } from '../core/release/manifest.ts';
import { unrestarted } from '../core/offer/stale-programs.ts';
import type { Services } from '../io/systemd/services.ts';
import type { Installed, Plan, Remarks } from '../transaction/types.ts';
import { replacedPrograms } from '../transaction/plan/replaced-programs.ts';
import { shadowedCommands } from '../transaction/plan/shadowed-commands.ts';
import type { RootStepDeps } from './deps.ts';

/** Asks the services only where a program is replaced. Throws SYSTEMD_UNAVAILABLE, before anything is changed. */
export async function foreseeRemarks(
  deps: RootStepDeps,
  config: Config,
  manifest: Manifest,
  { plan, installed, services }: { plan: Plan; installed: Installed | null; services: Services },
): Promise<Remarks> {
  const shadows = shadowedCommands(deps.place, plan.ops, new Set((installed?.files ?? []).map(({ path }) => path)));
  const stale = await unrestartedHere(deps, config, manifest, replacedPrograms(plan.ops), services);
  return { ...(shadows.length === 0 ? {} : { shadows }), ...(stale.length === 0 ? {} : { unrestarted: stale }) };
}

async function unrestartedHere(
  deps: RootStepDeps,
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
