/** Which services an installation restarts on this device, and which programs it replaces that none of them runs. */
import { UpdateError } from '../core/errors.ts';
import type { PlanSummary } from '../core/device/plan-summary.ts';
import { unrestarted } from '../core/offer/stale-programs.ts';
import { unitPrograms } from '../io/systemd/unit-programs.ts';
import type { ReaderDeps } from './deps.ts';

/** `plan` names all services on the list, and all programs that are replaced. Where systemd cannot be asked, all services stay named. */
export async function withRestarts(deps: ReaderDeps, plan: PlanSummary): Promise<PlanSummary> {
  const { services, target } = deps.loadConfig();
  const meant = services.manager === 'none' ? (units: readonly string[]) => Promise.resolve([...units]) : meantToRun(deps);
  const restarts = await meant(plan.restarts);
  if (plan.unrestarted.length === 0) return { ...plan, restarts };
  const names = plan.unrestarted.map((path) => path.slice(path.lastIndexOf('/') + 1));
  const programs = unitPrograms(deps.paths.root).filter(({ command }) => names.some((name) => command.includes(name)));
  const running = new Set(await meant(programs.map(({ unit }) => unit).filter((unit) => !unit.includes('@.'))));
  const isMeant = (unit: string): boolean => running.has(unit);
  return { ...plan, restarts, unrestarted: unrestarted(plan.unrestarted, target, { restarted: restarts, programs, isMeant }) };
}

function meantToRun(deps: ReaderDeps): (services: readonly string[]) => Promise<string[]> {
  return async (services) => {
    if (services.length === 0) return [];
    try {
      const units = await deps.units();
      const isMeant = await Promise.all(services.map((service) => units.isMeantToRun(service)));
      return services.filter((_, at) => isMeant[at]);
    } catch (error) {
      // Safe to ignore: the installation asks for itself.
      if (error instanceof UpdateError) return [...services];
      throw error;
    }
  };
}
