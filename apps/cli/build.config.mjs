export default [{ input: 'src/main.ts', output: 'luofleet.cjs', banner: '#!/usr/bin/env node' }];
