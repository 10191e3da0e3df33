// What the single-file executable starts: the console's one bundle, an ES module, from the executable itself. Nothing is
// unpacked to disk. Node starts only CommonJS from an executable and cannot import from it: hence a module made by hand.
'use strict';
const sea = require('node:sea');
const vm = require('node:vm');
const { dirname } = require('node:path');
const { pathToFileURL } = require('node:url');

const builtins = new Map();

/** One of node's own modules, in the form that a module made by hand can import. */
const builtin = (specifier) => {
  const known = builtins.get(specifier);
  if (known !== undefined) return known;
  const exported = require(specifier);
  const names = Object.keys(exported).filter((name) => name !== 'default');
  const made = new vm.SyntheticModule(
    [...names, 'default'],
    () => {
      for (const name of names) made.setExport(name, exported[name]);
      made.setExport('default', exported);
    },
    { identifier: specifier },
  );
  builtins.set(specifier, made);
  return made;
};

const importBuiltin = async (specifier) => {
  const module = builtin(specifier);
  if (module.status === 'unlinked') await module.link(() => undefined);
  if (module.status === 'linked') await module.evaluate();
  return module;
};

const bundle = (cachedData) =>
  new vm.SourceTextModule(sea.getAsset('cli.js', 'utf8'), {
    identifier: 'pgaf-upgrade',
    cachedData,
    initializeImportMeta: (meta) => {
      meta.url = pathToFileURL(process.execPath).href;
      meta.filename = process.execPath;
      meta.dirname = dirname(process.execPath);
    },
    importModuleDynamically: importBuiltin,
  });

/** Compiled already, where this node takes it: NODE_OPTIONS may have changed what it takes. */
const compiled = () => {
  try {
    return bundle(Buffer.from(sea.getRawAsset('cli.cache')));
  } catch (thrown) {
    if (thrown.code !== 'ERR_VM_MODULE_CACHED_DATA_REJECTED') throw thrown;
    return bundle(undefined);
  }
};

const start = async () => {
  const module = compiled();
  await module.link(builtin);
  await module.evaluate();
};

void start();
