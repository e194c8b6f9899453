// Four builds of one tree: the page in modules, the page in one file (for file://, where a browser
// loads no modules and no workers), what build/prerender.ts is made of, for Node, and what `microgpt
// export --to wasm` adds a model to.
import { defineConfig } from 'vite';
import { svelte } from '@sveltejs/vite-plugin-svelte';

export default defineConfig(({ mode, isSsrBuild }) => ({
  plugins: [svelte({ emitCss: true })],
  base: './',
  publicDir: false,
  logLevel: 'error',
  define: { __LOCALE__: JSON.stringify(process.env.LAB_LOCALE ?? 'en') },
  worker: { format: 'es' },
  build: {
    target: 'es2022',
    cssCodeSplit: false,
    modulePreload: false,
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    rolldownOptions: isSsrBuild
      ? { input: 'build/prerender.ts' }
      : mode === 'file'
        ? { input: 'src/file.ts', transform: { define: { 'import.meta': '{}' } }, output: { format: 'iife', entryFileNames: 'file.js', assetFileNames: 'file[extname]' } }
        : mode === 'standalone'
          ? { input: 'src/standalone.ts', preserveEntrySignatures: 'strict', output: { entryFileNames: 'standalone.js' } }
          : { input: 'src/main.ts', output: { entryFileNames: 'assets/lab-[hash].js', chunkFileNames: 'assets/[name]-[hash].js', assetFileNames: 'assets/[name]-[hash][extname]' } },
  },
}));
