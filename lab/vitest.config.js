import { defineConfig } from 'vitest/config';

export default defineConfig({
  define: { __LOCALE__: JSON.stringify('en') },
  test: { include: ['tests/unit/**/*.test.ts'], environment: 'node' },
});
