import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findNode } from "./find-node.mjs";
import { runChild } from "./run-child.mjs";

/**
 * What the installation is made of, as one digest: another lockfile or another machine means another installation.
 *
 * @param {string} root
 */
function digestOf(root) {
  const hash = createHash("sha256").update(`${process.platform}-${process.arch}\n`);
  for (const name of ["pnpm-lock.yaml", "pnpm-workspace.yaml"]) hash.update(readFileSync(join(root, name)));
  return hash.digest("hex");
}

/** @param {string} file */
const readText = (file) => (existsSync(file) ? readFileSync(file, "utf8") : undefined);

/**
 * Installs exactly what the lockfile names, unless that is what is there already. Says what it does on stderr: stdout belongs to the command.
 *
 * @param {string} root
 * @returns {Promise<number>} the installer's exit code
 */
export async function install(root) {
  const stamp = join(root, "node_modules", ".installed");
  const digest = digestOf(root);
  if (readText(stamp) === digest && findNode(root)) return 0;
  const { devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  process.stderr.write(
    `Installing the dependencies with pnpm ${devDependencies.pnpm} (first run, or the lockfile changed)\n`,
  );
  const args = ["--yes", `pnpm@${devDependencies.pnpm}`, "install", "--frozen-lockfile"];
  // A node_modules of another tool or version is replaced without a question: nobody may be there to answer it.
  const code = await runChild("npx", [...args, "--config.confirm-modules-purge=false"], {
    cwd: root,
    // The child's stdout goes to our stderr as well.
    stdio: ["ignore", 2, 2],
    // A quiet npm must not swallow why an installation failed.
    env: { ...process.env, npm_config_loglevel: "error" },
  });
  if (code === 0) writeFileSync(stamp, digest);
  else
    process.stderr.write(
      `The installation failed (exit code ${code}): see above. Node 20 or newer, npm and the npm registry are needed.\n`,
    );
  return code;
}
