// node-media-server as a program of its own: it keeps its state in globals and cannot be stopped in place.
const NodeMediaServer = require('node-media-server');

const [port, directory] = process.argv.slice(2);
new NodeMediaServer({
  bind: '127.0.0.1',
  rtmp: { port: Number(port) },
  store: { path: directory },
}).run();
