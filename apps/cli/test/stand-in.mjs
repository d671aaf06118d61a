// A program as the CLI starts them: says that it is ready, ends on SIGTERM. Its argument says what it does instead.
const [behaviour] = process.argv.slice(2);
const READY = '{"event":"ready","url":"http://127.0.0.1:4321/","docsUrl":"/docs"}\n';

function stayUp() {
  const timer = setInterval(() => {}, 1_000);
  // Before the ready line: whoever reads that may end it at once.
  process.on("SIGTERM", () => {
    if (behaviour === "stubborn") return;
    process.stdout.write("goodbye\n");
    clearInterval(timer);
  });
  if (behaviour !== "mute") process.stdout.write(READY);
  if (behaviour === "die") process.stdout.write("dying\n", () => process.kill(process.pid, "SIGKILL"));
}

process.stdout.write("starting\n");
process.stdout.write('{"event":"listening","url":"http://127.0.0.1:1"}\n');
if (behaviour === "fail") {
  process.stderr.write("The port is on fire.\n");
  process.exitCode = 3;
} else {
  stayUp();
}
