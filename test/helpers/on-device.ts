/** How a story begins: a new device, and a site of releases for it. */
import { expect } from 'vitest';
import { copyToBranch } from './branch-files.ts';
import type { DeviceImage } from './container.ts';
import { startDevice } from './container.ts';
import type { PikitDevice } from './pikit-device.ts';
import { pikitDevice } from './pikit-device.ts';
import type { Built, Ingredients, Site } from './release-builder.ts';
import { releaseSite } from './release-builder.ts';

export interface Stage {
  device: PikitDevice;
  site: Site;
  /** The place in the journal when the device was new. */
  began: string;
  /** Puts a release on the device's web server. */
  publish: (ingredients: Ingredients) => Promise<Built>;
  /** The same, and installs it. */
  install: (ingredients: Ingredients) => Promise<Built>;
  /** Builds a release where no device looks, and puts it on branches of the site as it is; it is not served yet. */
  buildOn: (ingredients: Ingredients, ...branches: string[]) => Built;
  /** Removes device and site: what `beforeAll` is to return. */
  end: () => Promise<void>;
}

/** A device that has booted, configured with these settings; with null not at all. Its site has no signatures unless it is given one. */
export async function onDevice(
  image: DeviceImage,
  settings: Parameters<PikitDevice['configure']>[0] | null = {},
  site: Site = releaseSite(),
): Promise<Stage> {
  const device = pikitDevice(await startDevice({ image }));
  const publish = async (ingredients: Ingredients): Promise<Built> => {
    const built = site.publish(ingredients);
    await device.serve(site);
    return built;
  };
  const stage: Stage = {
    device,
    site,
    began: await device.cursor(),
    publish,
    install: async (ingredients) => {
      const built = await publish(ingredients);
      expect(await device.start('pikit-update-apply.service')).toMatchObject({ exitCode: 0 });
      return built;
    },
    buildOn: (ingredients, ...branches) => {
      const workshop = releaseSite();
      try {
        const built = workshop.publish(ingredients);
        for (const branch of branches) copyToBranch(workshop.dir, site.dir, branch);
        return built;
      } finally {
        workshop.remove();
      }
    },
    end: async () => {
      await device.stop();
      site.remove();
    },
  };
  if (settings !== null) await device.configure(settings);
  return stage;
}
