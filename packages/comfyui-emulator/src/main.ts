import { parseCommandLine, USAGE } from "./command-line.ts";
import { createEmulator } from "./emulator.ts";

// The command: prints one JSON line when it is ready, and ends with 0 when it is told to stop.
async function main(): Promise<void> {
  const options = parseCommandLine(process.argv.slice(2));
  if (options === "help") {
    process.stdout.write(USAGE);
    return;
  }
  const emulator = await createEmulator({ ...options, onTrouble: (message) => process.stderr.write(`${message}\n`) });
  process.stdout.write(`${JSON.stringify({ event: "ready", url: emulator.url })}\n`);
  await new Promise<void>((resolve) => {
    process.once("SIGTERM", () => resolve());
    process.once("SIGINT", () => resolve());
  });
  await emulator.close();
}

try {
  await main();
} catch (error) {
  process.stderr.write(`comfyui-emulator: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
