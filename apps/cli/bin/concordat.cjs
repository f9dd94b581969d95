#!/usr/bin/env node
const { existsSync } = require('node:fs');
const { resolve } = require('node:path');

const main = resolve(__dirname, '../../../dist/apps/cli/main.cjs');
if (existsSync(main)) {
  require(main);
} else {
  console.error('concordat is not built yet: run `npm start` or `npm run build` at the repository root.');
  process.exitCode = 1;
}
