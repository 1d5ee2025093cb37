import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';
import { createFake } from './fake/server';

/** `npm run dev` works without a server: the fake of the tests answers. */
function fakeServer(): Plugin {
  return {
    name: 'fake-server',
    apply: 'serve',
    configureServer(server) {
      const fake = createFake();
      fake.start();
      server.middlewares.use((request, response, next) => {
        fake.handle(request, response).then((handled) => handled || next(), next);
      });
      server.httpServer?.once('close', () => fake.stop());
    },
  };
}

/**
 * The icons put a <style> into the page, which the content security policy refuses. Their rules are in src/icons.css;
 * what would put them there is left out.
 */
function iconsWithoutStyle(): Plugin {
  return {
    name: 'icons-without-style',
    enforce: 'pre',
    load: (id) =>
      id.includes('tdesign-icons-react') && id.split('?')[0]?.endsWith('check-url-and-load.js')
        ? 'export function loadScript() {}\nexport function loadLink() {}\nexport function loadStylesheet() {}\n'
        : null,
  };
}

export default defineConfig({
  base: '/console/',
  plugins: [iconsWithoutStyle(), react(), fakeServer()],
  build: {
    target: 'es2022',
    // A data: URI would need a hole in the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 800,
    reportCompressedSize: false,
  },
});
