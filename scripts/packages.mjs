// Packs release/pgaf-upgrade-VERSION-linux-ARCH, which `npm run executable` makes, as .deb and .rpm: the program, its pages, its
// manual page, what Tab completes. Beside each its .sha256.
//   npm run packages                 both; needs dpkg-deb and rpmbuild (Debian: apt-get install rpm)
//   node scripts/packages.mjs deb    one of them
// https://www.debian.org/doc/debian-policy/ch-controlfields.html, https://rpm-software-management.github.io/rpm/manual/spec.html
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

// The modes in a package are those of its files here, whatever whoever makes it keeps to themselves.
process.umask(0o022);

const root = fileURLToPath(new URL('../', import.meta.url));
const release = join(root, 'release');
const { version, description, license } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
/** `1.0.0-rc.1` comes before `1.0.0` to dpkg and rpm by a tilde alone; a dash begins the package's own number, and rpm refuses it. */
const packageVersion = version.replaceAll('-', '~');
const architectures = { x64: { deb: 'amd64', rpm: 'x86_64' }, arm64: { deb: 'arm64', rpm: 'aarch64' } };
const architecture = architectures[process.arch];
if (process.platform !== 'linux' || architecture === undefined)
  throw new Error(`packages are made on Linux, x64 or arm64, not on ${process.platform} ${process.arch}`);
const summary = 'major PostgreSQL upgrades of pg_auto_failover clusters';
const executable = join(release, `pgaf-upgrade-${version}-linux-${process.arch}`);

/** What the executable itself says: what Tab completes, its manual page. */
const saidBy = (...args) => execFileSync(executable, args, { encoding: 'utf8' });

/** The files as they lie on a host; directories for zsh differ. */
const stage = async (place, zsh) => {
  const put = async (path, text) => {
    await mkdir(dirname(join(place, path)), { recursive: true });
    await writeFile(join(place, path), text, { mode: 0o644 });
  };
  const copy = async (from, path) => put(path, await readFile(join(root, from)));
  const doc = 'usr/share/doc/pgaf-upgrade';
  await mkdir(join(place, 'usr/bin'), { recursive: true });
  await copyFile(executable, join(place, 'usr/bin/pgaf-upgrade'));
  await chmod(join(place, 'usr/bin/pgaf-upgrade'), 0o755);
  for (const name of ['README.md', 'CHANGELOG.md', 'SECURITY.md']) await copy(name, `${doc}/${name}`);
  await copy('LICENSE', `${doc}/copyright`);
  await copy('release/THIRD-PARTY-NOTICES.txt', `${doc}/THIRD-PARTY-NOTICES.txt`);
  for (const name of await readdir(join(root, 'docs')))
    if (/\.(md|svg)$/.test(name)) await copy(`docs/${name}`, `${doc}/docs/${name}`);
  await put('usr/share/man/man1/pgaf-upgrade.1.gz', gzipSync(saidBy('man'), { level: 9 }));
  await put('usr/share/bash-completion/completions/pgaf-upgrade', saidBy('completion', 'bash'));
  await put(`${zsh}/_pgaf-upgrade`, saidBy('completion', 'zsh'));
  await put('usr/share/fish/vendor_completions.d/pgaf-upgrade.fish', saidBy('completion', 'fish'));
};

/** Debian's: https://manpages.debian.org/bookworm/dpkg-dev/deb-control.5.en.html */
const makeDeb = async (work) => {
  const tree = join(work, 'deb');
  await stage(tree, 'usr/share/zsh/vendor-completions');
  await mkdir(join(tree, 'DEBIAN'));
  const [kilobytes] = execFileSync('du', ['-sk', tree], { encoding: 'utf8' }).split('\t');
  await writeFile(
    join(tree, 'DEBIAN/control'),
    `Package: pgaf-upgrade
Version: ${packageVersion}
Architecture: ${architecture.deb}
Maintainer: pgaf-upgrade maintainers
Installed-Size: ${kilobytes}
Depends: libc6 (>= 2.28), libstdc++6
Recommends: openssh-client
Section: database
Priority: optional
Description: ${summary}
 ${description}.
`,
  );
  const file = `pgaf-upgrade_${packageVersion}_${architecture.deb}.deb`;
  // gzip: every dpkg can read it, and with xz the executable takes a minute.
  const how = ['-Zgzip', '-z6', '--root-owner-group', '--build', tree, join(release, file)];
  execFileSync('dpkg-deb', how, { stdio: ['ignore', 'ignore', 'inherit'] });
  return file;
};

const makeRpm = async (work) => {
  const tree = join(work, 'rpm');
  await stage(tree, 'usr/share/zsh/site-functions');
  const spec = join(work, 'pgaf-upgrade.spec');
  await writeFile(
    spec,
    `Name: pgaf-upgrade
Version: ${packageVersion}
Release: 1
Summary: ${summary}
License: ${license}
AutoReqProv: no
Requires: glibc >= 2.28, libstdc++
Recommends: openssh-clients
%description
${description}.
%install
mkdir -p %{buildroot}
cp -a ${tree}/. %{buildroot}/
%files
/usr/bin/pgaf-upgrade
%doc /usr/share/doc/pgaf-upgrade
/usr/share/man/man1/pgaf-upgrade.1.gz
/usr/share/bash-completion/completions/pgaf-upgrade
/usr/share/zsh/site-functions/_pgaf-upgrade
/usr/share/fish/vendor_completions.d/pgaf-upgrade.fish
`,
  );
  const defined = {
    _topdir: join(work, 'rpmbuild'),
    _rpmdir: join(work, 'out'),
    _binary_payload: 'w6.gzdio',
    // What rpm would strip of the executable is the program in it.
    __os_install_post: '%{nil}',
    debug_package: '%{nil}',
    _build_id_links: 'none',
  };
  const defines = Object.entries(defined).flatMap(([name, value]) => ['--define', `${name} ${value}`]);
  const how = ['-bb', '--quiet', '--target', `${architecture.rpm}-linux`, ...defines, spec];
  execFileSync('rpmbuild', how, { stdio: ['ignore', 'ignore', 'inherit'] });
  const file = `pgaf-upgrade-${packageVersion}-1.${architecture.rpm}.rpm`;
  await copyFile(join(work, 'out', architecture.rpm, file), join(release, file));
  return file;
};

const makers = { deb: makeDeb, rpm: makeRpm };
const wanted = process.argv.slice(2);
const unknown = wanted.find((one) => !(one in makers));
if (unknown !== undefined)
  throw new Error(`there is no package ${unknown}: ${Object.keys(makers).join(', ')}`);
const work = await mkdtemp(join(tmpdir(), 'pgaf-packages-'));
try {
  for (const [kind, make] of Object.entries(makers)) {
    if (wanted.length > 0 && !wanted.includes(kind)) continue;
    const file = await make(work);
    const checksum = createHash('sha256')
      .update(await readFile(join(release, file)))
      .digest('hex');
    await writeFile(join(release, `${file}.sha256`), `${checksum}  ${file}\n`);
    process.stdout.write(`release/${file}\n`);
  }
} finally {
  await rm(work, { recursive: true, force: true });
}
