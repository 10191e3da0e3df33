// Adds up vitest's JSON reports: prints what failed, then `N passed, N failed`.
//   node tally.mjs OTHER_FAILURES FILE...      exits 1 when anything failed
//   node tally.mjs --has-failure FILE          exits 0 when the report itself says that something failed
import { existsSync, readFileSync } from 'node:fs';

const inCi = process.env.CI === 'true';

const read = (path) => {
  if (!existsSync(path)) return { passed: 0, failed: [] };
  const report = JSON.parse(readFileSync(path, 'utf8'));
  const failed = [];
  let passed = 0;
  let skipped = 0;
  for (const file of report.testResults) {
    let failedHere = 0;
    for (const test of file.assertionResults) {
      if (test.status === 'passed') passed += 1;
      else if (test.status === 'failed') {
        failedHere += 1;
        failed.push(`${file.name.replace(`${process.cwd()}/`, '')}: ${test.fullName}`);
      } else {
        skipped += 1;
        // where everything is there that tests need, a test that does not run tells nothing
        if (inCi) failed.push(`${test.fullName} (not run: ${test.status})`);
      }
    }
    // a file that could not be loaded, or a hook that failed
    if (file.status === 'failed' && failedHere === 0)
      failed.push(`${file.name}: ${file.message.split('\n')[0]}`);
  }
  return { passed, failed, skipped };
};

const [first, ...files] = process.argv.slice(2);
if (first === '--has-failure') process.exit(read(files[0] ?? '').failed.length > 0 ? 0 : 1);

const reports = files.map(read);
const failures = reports.flatMap((report) => report.failed);
const skipped = reports.reduce((sum, report) => sum + (report.skipped ?? 0), 0);
for (const failure of failures) console.log(`failed: ${failure}`);
if (skipped > 0) console.log(`not run: ${skipped}`);
const failed = failures.length + Number(first);
console.log(`${reports.reduce((sum, report) => sum + report.passed, 0)} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
