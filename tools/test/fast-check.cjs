// fast-check with one seed, so that one commit has one verdict. PROPERTY_SEED=$RANDOM npm test looks further.
const path = require('node:path');

const fastCheck = require(
  path.resolve(__dirname, '../../node_modules/fast-check/lib/cjs/fast-check.js'),
);
fastCheck.configureGlobal({ seed: Number(process.env.PROPERTY_SEED ?? 1) });
module.exports = fastCheck;
