// Builds the dashboard into dist/apps/dashboard: plain files, no address outside the server that serves them.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const workspace = path.resolve(import.meta.dirname, '../..');
const { compilerOptions } = JSON.parse(
  readFileSync(path.join(workspace, 'tsconfig.base.json'), 'utf8'),
);

// What is built is for operators, also when a test run builds it and its environment says NODE_ENV=test.
process.env.NODE_ENV = 'production';

export default defineConfig({
  root: import.meta.dirname,
  base: '/',
  publicDir: false,
  plugins: [react()],
  resolve: {
    alias: Object.entries(compilerOptions.paths).map(([name, [target]]) => ({
      find: new RegExp(`^${name}$`),
      replacement: path.join(workspace, target),
    })),
  },
  build: {
    outDir: path.join(workspace, 'dist/apps/dashboard'),
    emptyOutDir: true,
    target: 'es2022',
    sourcemap: true,
    rolldownOptions: {
      // The contracts build their schemas when they are loaded; the dashboard uses their types and a few constants.
      treeshake: { moduleSideEffects: (id) => !id.startsWith(path.join(workspace, 'libs')) },
    },
  },
});
