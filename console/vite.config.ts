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

export default defineConfig({
  base: '/console/',
  plugins: [react(), fakeServer()],
  build: {
    target: 'es2022',
    // A data: URI would need a hole in the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 800,
    reportCompressedSize: false,
  },
});
