// What a bundle is made of, as CycloneDX: npm's own list, less the packages that none of its code is in.
// https://docs.npmjs.com/cli/commands/npm-sbom
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { packagesIn } from './notices.mjs';

/** The bill of materials of the executable, as JSON. Throws where the bundle has a package that npm does not list. */
export const sbomOf = async (metafile) => {
  const listed = JSON.parse(
    execFileSync('npm', ['sbom', '--sbom-format=cyclonedx', '--sbom-type=application'], { encoding: 'utf8' }),
  );
  const inside = new Set();
  for (const [directory, name] of packagesIn(metafile)) {
    const { version } = JSON.parse(await readFile(`${directory}package.json`, 'utf8'));
    inside.add(`${name}@${version}`);
  }
  const refs = new Set();
  const components = listed.components.filter((one) => {
    // The purl has the name as it is, whatever else npm calls it.
    const [, named = '', version] = /^pkg:npm\/(.*)@([^@?]+)/.exec(one.purl) ?? [];
    const is = inside.delete(`${decodeURIComponent(named)}@${version}`);
    if (is) refs.add(one['bom-ref']);
    return is;
  });
  if (inside.size > 0) throw new Error(`npm sbom does not list ${[...inside].join(', ')}`);
  const node = {
    'bom-ref': `node@${process.versions.node}`,
    type: 'platform',
    name: 'node',
    version: process.versions.node,
    purl: `pkg:generic/node@${process.versions.node}`,
    licenses: [{ license: { id: 'MIT' } }],
    externalReferences: [{ type: 'vcs', url: 'https://github.com/nodejs/node' }],
  };
  const root = { ...listed.metadata.component, name: 'pgaf-upgrade' };
  return `${JSON.stringify(
    {
      ...listed,
      metadata: { ...listed.metadata, component: root },
      // In the bundle they are no longer development's.
      components: [...components.map(({ properties: _, ...one }) => one), node],
      dependencies: [
        { ref: root['bom-ref'], dependsOn: [...refs, node['bom-ref']] },
        ...listed.dependencies
          .filter(({ ref }) => refs.has(ref))
          .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((one) => refs.has(one)) })),
      ],
    },
    null,
    2,
  )}\n`;
};
